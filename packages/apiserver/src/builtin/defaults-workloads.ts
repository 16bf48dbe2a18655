import { isObject, type Json, objects, setDefault, setPositive, type TypeDefaults } from './defaults-type.ts'

const core = 'io.k8s.api.core.v1.'
const apps = 'io.k8s.api.apps.v1.'
const batch = 'io.k8s.api.batch.v1.'
const autoscaling = 'io.k8s.api.autoscaling.v2.'

/** 0644 */
const readableMode = 420

/** Defaults of pods and of what makes pods. */
export const workloadDefaults: TypeDefaults = {
  [`${core}Pod`]: defaultPod,
  [`${core}PodSpec`]: (spec) => {
    setDefault(spec, 'dnsPolicy', 'ClusterFirst')
    setDefault(spec, 'restartPolicy', 'Always')
    spec.securityContext ??= {}
    spec.terminationGracePeriodSeconds ??= 30
    setDefault(spec, 'schedulerName', 'default-scheduler')
    if (Number(spec.terminationGracePeriodSeconds) < 0) spec.terminationGracePeriodSeconds = 1
    dropRestartPolicies(spec)
    // The old name of the field always says the same.
    const account = spec.serviceAccountName || spec.serviceAccount
    if (account) Object.assign(spec, { serviceAccountName: account, serviceAccount: account })
  },
  [`${core}PodStatus`]: (status) => {
    if (status.podIP && objects(status.podIPs).length === 0) status.podIPs = [{ ip: status.podIP }]
  },
  [`${core}Container`]: defaultContainer,
  [`${core}EphemeralContainer`]: defaultContainer,
  [`${core}Probe`]: (probe) => {
    setPositive(probe, 'timeoutSeconds', 1)
    setPositive(probe, 'periodSeconds', 10)
    setPositive(probe, 'successThreshold', 1)
    setPositive(probe, 'failureThreshold', 3)
  },
  [`${core}HTTPGetAction`]: (action) => {
    setDefault(action, 'path', '/')
    setDefault(action, 'scheme', 'HTTP')
  },
  [`${core}ObjectFieldSelector`]: (selector) => setDefault(selector, 'apiVersion', 'v1'),
  [`${core}Volume`]: defaultVolume,
  [`${core}SecretVolumeSource`]: defaultMode,
  [`${core}ConfigMapVolumeSource`]: defaultMode,
  [`${core}DownwardAPIVolumeSource`]: defaultMode,
  [`${core}ProjectedVolumeSource`]: defaultMode,
  [`${core}ServiceAccountTokenProjection`]: (projection) => {
    projection.expirationSeconds ??= 3600
  },
  [`${core}HostPathVolumeSource`]: (source) => {
    source.type ??= ''
  },
  [`${core}ReplicationController`]: defaultReplicationController,
  [`${apps}DeploymentSpec`]: (spec) => {
    spec.replicas ??= 1
    spec.revisionHistoryLimit ??= 10
    spec.progressDeadlineSeconds ??= 600
  },
  [`${apps}DeploymentStrategy`]: rolling,
  [`${apps}RollingUpdateDeployment`]: (update) => {
    update.maxUnavailable ??= '25%'
    update.maxSurge ??= '25%'
  },
  [`${apps}ReplicaSetSpec`]: (spec) => {
    spec.replicas ??= 1
  },
  [`${apps}DaemonSetSpec`]: (spec) => {
    spec.revisionHistoryLimit ??= 10
  },
  [`${apps}DaemonSetUpdateStrategy`]: rolling,
  [`${apps}RollingUpdateDaemonSet`]: (update) => {
    update.maxUnavailable ??= 1
    update.maxSurge ??= 0
  },
  [`${apps}StatefulSetSpec`]: defaultStatefulSet,
  [`${apps}StatefulSetUpdateStrategy`]: (strategy) => {
    if (!strategy.type) {
      strategy.type = 'RollingUpdate'
      strategy.rollingUpdate ??= {}
    }
  },
  [`${apps}RollingUpdateStatefulSetStrategy`]: (update) => {
    update.partition ??= 0
  },
  [`${apps}StatefulSetPersistentVolumeClaimRetentionPolicy`]: (policy) => {
    setDefault(policy, 'whenDeleted', 'Retain')
    setDefault(policy, 'whenScaled', 'Retain')
  },
  [`${batch}Job`]: (job) => {
    inheritLabels(job)
    if (isObject(job.spec)) job.spec = jobWithDefaults(job.spec)
  },
  [`${batch}CronJobSpec`]: (spec) => {
    setDefault(spec, 'concurrencyPolicy', 'Allow')
    spec.suspend ??= false
    spec.successfulJobsHistoryLimit ??= 3
    spec.failedJobsHistoryLimit ??= 1
  },
  [`${batch}PodFailurePolicyOnPodConditionsPattern`]: (pattern) => setDefault(pattern, 'status', 'True'),
  [`${autoscaling}HorizontalPodAutoscalerSpec`]: defaultAutoscaler,
  [`${autoscaling}HorizontalPodAutoscalerBehavior`]: (behavior) => {
    behavior.scaleUp = { ...scaleUpRules, ...(isObject(behavior.scaleUp) ? behavior.scaleUp : {}) }
    behavior.scaleDown = { ...scaleDownRules, ...(isObject(behavior.scaleDown) ? behavior.scaleDown : {}) }
  },
}

const scaleUpRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
}
const scaleDownRules = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] }

function rolling(strategy: Json): void {
  setDefault(strategy, 'type', 'RollingUpdate')
  if (strategy.type === 'RollingUpdate') strategy.rollingUpdate ??= {}
}

function defaultMode(source: Json): void {
  source.defaultMode ??= readableMode
}

function defaultPod(pod: Json): void {
  if (!isObject(pod.spec)) return
  const spec: Json = { ...pod.spec }
  spec.enableServiceLinks ??= true
  for (const name of ['containers', 'initContainers']) {
    if (!Array.isArray(spec[name])) continue
    spec[name] = objects(spec[name]).map((container) =>
      withHostPorts(withRequests(container), spec.hostNetwork === true),
    )
  }
  pod.spec = spec
}

/** Restart policies of containers count for init containers that go on running; others are not kept. */
function dropRestartPolicies(spec: Json): void {
  const without = ({ restartPolicy: _policy, restartPolicyRules: _rules, ...rest }: Json): Json => rest
  const has = (container: Json): boolean => 'restartPolicy' in container || 'restartPolicyRules' in container
  if (objects(spec.containers).some(has)) spec.containers = objects(spec.containers).map(without)
  const wrong = (container: Json): boolean => has(container) && container.restartPolicy !== 'Always'
  if (!objects(spec.initContainers).some(wrong)) return
  spec.initContainers = objects(spec.initContainers).map((item) => (wrong(item) ? without(item) : item))
}

/** A running pod asks for what it is limited to, unless it says otherwise. Templates are left as they are. */
function withRequests(container: Json): Json {
  const resources = isObject(container.resources) ? container.resources : {}
  if (!isObject(resources.limits)) return container
  const requests = { ...resources.limits, ...(isObject(resources.requests) ? resources.requests : {}) }
  return { ...container, resources: { ...resources, requests } }
}

function withHostPorts(container: Json, isHostNetwork: boolean): Json {
  if (!isHostNetwork || !Array.isArray(container.ports)) return container
  const ports = objects(container.ports).map((port) => ({ ...port, hostPort: port.hostPort || port.containerPort }))
  return { ...container, ports }
}

function defaultContainer(container: Json): void {
  setDefault(container, 'imagePullPolicy', pullPolicy(container.image))
  setDefault(container, 'terminationMessagePath', '/dev/termination-log')
  setDefault(container, 'terminationMessagePolicy', 'File')
}

/** `latest`, said or meant, may have changed since; any other tag or digest is what it was. */
function pullPolicy(image: unknown): string {
  const text = typeof image === 'string' ? image : ''
  const [name = '', digest] = text.split('@')
  const tag = /:([^/:]+)$/.exec(name)?.[1]
  const isLatest = tag === undefined ? digest === undefined && text !== '' : tag === 'latest'
  return isLatest ? 'Always' : 'IfNotPresent'
}

function defaultVolume(volume: Json): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {}
  if (isObject(volume.image) && !volume.image.pullPolicy) {
    volume.image = { ...volume.image, pullPolicy: pullPolicy(volume.image.reference) }
  }
}

function defaultStatefulSet(spec: Json): void {
  setDefault(spec, 'podManagementPolicy', 'OrderedReady')
  spec.persistentVolumeClaimRetentionPolicy ??= {}
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
  if (Array.isArray(spec.volumeClaimTemplates)) {
    spec.volumeClaimTemplates = objects(spec.volumeClaimTemplates).map((claim) => ({
      ...claim,
      apiVersion: claim.apiVersion ?? 'v1',
      kind: claim.kind ?? 'PersistentVolumeClaim',
    }))
  }
}

/** A Job's own spec; the template in a CronJob is left as it is. */
function jobWithDefaults(given: Json): Json {
  const spec = { ...given }
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2147483647
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed'
  spec.manualSelector ??= false
  return spec
}

/** A job without labels takes those of its pods. */
function inheritLabels(object: Json): void {
  const spec = isObject(object.spec) ? object.spec : {}
  const template = isObject(spec.template) ? spec.template : {}
  const labels = isObject(template.metadata) ? template.metadata.labels : undefined
  const metadata = isObject(object.metadata) ? object.metadata : {}
  if (isObject(labels) && !metadata.labels) object.metadata = { ...metadata, labels }
}

function defaultReplicationController(controller: Json): void {
  inheritLabels(controller)
  if (!isObject(controller.spec)) return
  const template = isObject(controller.spec.template) ? controller.spec.template : {}
  const labels = isObject(template.metadata) ? template.metadata.labels : undefined
  if (isObject(labels) && !controller.spec.selector) controller.spec = { ...controller.spec, selector: labels }
}

function defaultAutoscaler(spec: Json): void {
  spec.minReplicas ??= 1
  if (objects(spec.metrics).length > 0) return
  const target = { type: 'Utilization', averageUtilization: 80 }
  spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }]
}
