import {
  type ClusterConfig,
  checkObject,
  type Finding,
  formatFinding,
  parseConfig,
  type ServingRuntime,
} from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import {
  type Capabilities,
  completePod,
  type Gathered,
  type Knative,
  knativeAutoscaler,
  observe,
  podSettings,
  render,
  type RenderResult,
  secretFacts,
  worldOf,
} from '../../src/index.ts'
import type { Action, Case, Profile, Refusal } from './cases.ts'
import { configData } from './cases.ts'

export const controllerNamespace = 'kserve'
const primaryKinds = ['InferenceService', 'InferenceGraph', 'TrainedModel']
const roundsMax = 12

export interface MemoryCluster {
  readonly namespace: string
  readonly children: Map<string, KubeObject>
  readonly results: Map<string, RenderResult>
  objects: KubeObject[]
  readonly pods: KubeObject[]
  data: Record<string, string>
  config: ClusterConfig
  capabilities: Capabilities
  knative: Knative
  isQuiet: boolean
  uid: number
  /** What is written in one step is of the same second, as it was when the cases were recorded. */
  seconds: number
}

export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : 'core'
}

export function keyOf(object: KubeObject): string {
  return `${object.kind}.${groupOf(object.apiVersion)}/${object.metadata.name}`
}

export function startCluster(test: Case, profile: Profile, base: readonly KubeObject[]): MemoryCluster {
  const data = configData([profile.config, test.configOverrides])
  return {
    namespace: test.namespace,
    children: new Map(),
    results: new Map(),
    objects: [...base, ...(profile.objects ?? [])],
    pods: [],
    data,
    config: parseConfig(data).config,
    capabilities: capabilitiesOf(test.crds ?? profile.crds),
    knative: knativeOf(profile),
    isQuiet: true,
    uid: 0,
    seconds: 0,
  }
}

function capabilitiesOf(crds: readonly string[]): Capabilities {
  const has = (name: string) => crds.includes(name)
  return {
    knative: has('knative'),
    istio: has('istio'),
    gatewayApi: has('gateway'),
    keda: has('keda'),
    otel: has('otel'),
    imageVolume: true,
  }
}

function knativeOf(profile: Profile): Knative {
  const knativeServing = profile.objects?.find(({ kind }) => kind === 'KnativeServing')
  const data = profile.knativeConfig?.['config-autoscaler']
  const configMap = data && { apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data }
  const { autoscaler } = knativeAutoscaler({ knativeServing, configMap })
  return { autoscaler, domains: Object.keys(profile.knativeConfig?.['config-domain'] ?? {}) }
}

type Outcome = { readonly ok: true } | { readonly ok: false; readonly message: string }

/** What admission does: schema and rules, then what rendering finds wrong whatever else is in the cluster. */
export function admit(cluster: MemoryCluster, object: KubeObject, old?: KubeObject): Outcome {
  if (object.apiVersion.startsWith('serving.kserve.io/')) {
    const { status: _, ...written } = object
    const context = {
      ...(old ? { old } : {}),
      defaultDeploymentMode: cluster.config.deploy.defaultDeploymentMode,
      gpuResourceTypes: cluster.config.multiNode.customGPUResourceTypeList,
      runtimes: cluster.objects.filter(({ kind }) => kind === object.kind) as unknown as ServingRuntime[],
    }
    const errors = checkObject(stripServerFields(written as KubeObject), context).filter(isSeenByAdmission)
    if (errors.length > 0) return { ok: false, message: errors.map(formatFinding).join('; ') }
  }
  if (primaryKinds.includes(object.kind)) {
    const result = renderOne(cluster, object)
    if (!result.ok && result.problem.refusable) return { ok: false, message: result.problem.message }
  }
  return { ok: true }
}

/** Unknown fields are gone when admission sees the object: the API server has pruned them, or refused it when asked to be strict. */
function isSeenByAdmission(finding: Finding): boolean {
  return finding.severity === 'error' && finding.rule !== 'unknown-field'
}

function stripServerFields(object: KubeObject): KubeObject {
  const { uid: _u, generation: _g, creationTimestamp: _c, ...metadata } = object.metadata
  return { ...object, metadata }
}

const clusterScoped = new Set([
  'ClusterServingRuntime',
  'ClusterStorageContainer',
  'LocalModelCache',
  'LocalModelNodeGroup',
])

export function create(cluster: MemoryCluster, given: KubeObject): Outcome {
  const object = structuredClone(given)
  if (!clusterScoped.has(object.kind)) object.metadata.namespace ??= cluster.namespace
  const admitted = admit(cluster, object)
  if (!admitted.ok) return admitted
  cluster.uid += 1
  object.metadata.uid = `uid-${cluster.uid}`
  object.metadata.generation = 1
  object.metadata.creationTimestamp = new Date(Date.UTC(2024, 0, 1, 0, 0, cluster.seconds))
    .toISOString()
    .replace('.000', '')
  cluster.objects.push(object)
  return { ok: true }
}

export function act(cluster: MemoryCluster, action: Action): Outcome {
  switch (action.do) {
    case 'create':
      return action.object ? create(cluster, action.object) : { ok: true }
    case 'patch':
      return patch(cluster, action)
    case 'delete':
      remove(cluster, action)
      return { ok: true }
    case 'status':
      return setStatus(cluster, action)
    case 'podStatus':
      cluster.pods.push({ ...structuredClone(action.object ?? emptyPod), status: action.status })
      return { ok: true }
    case 'config':
      for (const [key, value] of Object.entries(action.data ?? {})) {
        if (value === null) delete cluster.data[key]
        else cluster.data[key] = value
      }
      cluster.config = parseConfig(cluster.data, cluster.config).config
      return { ok: true }
    case 'crds':
      cluster.capabilities = { ...cluster.capabilities, ...positive(capabilitiesOf(action.groups ?? [])) }
      return { ok: true }
    case 'restart':
      return { ok: true }
  }
}

const emptyPod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: {} }

function positive(capabilities: Capabilities): Partial<Capabilities> {
  return Object.fromEntries(Object.entries(capabilities).filter(([, value]) => value)) as Partial<Capabilities>
}

function isTarget(object: KubeObject, action: Action): boolean {
  return (
    object.kind === action.kind &&
    object.metadata.name === action.name &&
    groupOf(object.apiVersion) === groupOf(action.apiVersion ?? '')
  )
}

function patch(cluster: MemoryCluster, action: Action): Outcome {
  const index = cluster.objects.findIndex((object) => isTarget(object, action))
  const old = cluster.objects[index]
  if (old) {
    const next = mergePatch(old, action.body) as KubeObject
    const admitted = admit(cluster, next, old)
    if (!admitted.ok) return admitted
    if (JSON.stringify(next['spec']) !== JSON.stringify(old['spec']))
      next.metadata.generation = (old.metadata.generation ?? 1) + 1
    cluster.objects[index] = next
    return { ok: true }
  }
  for (const [key, child] of cluster.children) {
    if (isTarget(child, action)) cluster.children.set(key, mergePatch(child, action.body) as KubeObject)
  }
  return { ok: true }
}

function remove(cluster: MemoryCluster, action: Action): void {
  const gone = cluster.objects.find((object) => isTarget(object, action))
  cluster.objects = cluster.objects.filter((object) => object !== gone)
  for (const [key, child] of cluster.children) {
    const isOwned = child.metadata.ownerReferences?.some(({ uid }) => uid === gone?.metadata.uid)
    if (isTarget(child, action) || (gone && isOwned)) cluster.children.delete(key)
  }
}

function setStatus(cluster: MemoryCluster, action: Action): Outcome {
  const all = [...cluster.children.values(), ...cluster.objects]
  if (!all.some((object) => isTarget(object, action)))
    return { ok: false, message: `${action.kind} ${action.name} not found` }
  for (const [key, child] of cluster.children) {
    if (isTarget(child, action)) cluster.children.set(key, mergePatch(child, action.body) as KubeObject)
  }
  cluster.objects = cluster.objects.map((object) =>
    isTarget(object, action) ? (mergePatch(object, action.body) as KubeObject) : object,
  )
  return { ok: true }
}

/** RFC 7386 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = mergePatch(result[key], value)
  }
  return result
}

function gathered(cluster: MemoryCluster): Gathered {
  return {
    objects: cluster.objects.filter(({ kind }) => kind !== 'Secret'),
    secrets: cluster.objects.filter(({ kind }) => kind === 'Secret').map(secretFacts),
  }
}

function ownedBy(cluster: MemoryCluster, owner: KubeObject): KubeObject[] {
  return [...cluster.children.values()].filter((child) =>
    child.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid),
  )
}

export function renderOne(cluster: MemoryCluster, service: KubeObject): RenderResult {
  return render({
    service,
    world: gathered(cluster),
    children: ownedBy(cluster, service),
    config: cluster.config,
    capabilities: cluster.capabilities,
    knative: cluster.knative,
    controllerNamespace,
  })
}

/** The controller's loop without a controller: render, apply, prune, observe, until nothing changes. */
export function converge(cluster: MemoryCluster): void {
  for (let round = 0; round < roundsMax; round += 1) {
    const before = JSON.stringify([[...cluster.children], cluster.objects])
    for (const service of cluster.objects.filter(({ kind }) => primaryKinds.includes(kind))) {
      const result = renderOne(cluster, service)
      cluster.results.set(`${service.kind}/${service.metadata.name}`, result)
      if (result.ok) apply(cluster, service, result.objects)
      const status = observe({
        service,
        rendered: result,
        world: gathered(cluster),
        config: cluster.config,
        children: ownedBy(cluster, service),
        pods: cluster.pods,
        now: '2024-06-01T00:00:00Z',
      })
      service['status'] = structuredClone(status)
    }
    if (JSON.stringify([[...cluster.children], cluster.objects]) === before) {
      cluster.isQuiet = true
      return
    }
  }
  cluster.isQuiet = false
}

function apply(cluster: MemoryCluster, owner: KubeObject, objects: readonly KubeObject[]): void {
  const keys = new Set(objects.map(keyOf))
  for (const child of ownedBy(cluster, owner)) {
    if (!keys.has(keyOf(child))) cluster.children.delete(keyOf(child))
  }
  for (const object of objects) {
    const live = cluster.children.get(keyOf(object))
    const isSame = live && JSON.stringify(live['spec']) === JSON.stringify(object['spec'])
    const generation = live ? (live.metadata.generation ?? 1) + (isSame ? 0 : 1) : 1
    cluster.children.set(keyOf(object), {
      ...structuredClone(object),
      metadata: { ...structuredClone(object.metadata), generation },
      ...(live?.['status'] ? { status: live['status'] } : {}),
    })
  }
}

/** The pods that the cluster would make of a workload: the template as it is, in Knative mode after the webhook. */
export function finalPod(
  cluster: MemoryCluster,
  workload: KubeObject,
  queueProxy: boolean,
): KubeObject | { readonly error: string } {
  const template = Object(Object(workload['spec']).template) as KubeObject
  const metadata = {
    namespace: cluster.namespace,
    labels: template.metadata.labels ?? {},
    annotations: template.metadata.annotations ?? {},
  }
  const {
    timeoutSeconds: _t,
    responseStartTimeoutSeconds: _r,
    containerConcurrency: _c,
    ...spec
  } = Object(template['spec'])
  if (workload.kind === 'Deployment') return { apiVersion: 'v1', kind: 'Pod', metadata, spec }
  if (!metadata.labels['serving.kserve.io/inferenceservice']) return { apiVersion: 'v1', kind: 'Pod', metadata, spec }
  const containers = queueProxy ? [...spec.containers, queueProxyContainer] : spec.containers
  const service = cluster.objects.find(
    ({ kind, metadata: { name } }) =>
      kind === 'InferenceService' && name === metadata.labels['serving.kserve.io/inferenceservice'],
  )
  const component = Object(service?.['spec'])[metadata.labels['component'] ?? ''] ?? {}
  const result = completePod({
    pod: { metadata, spec: { ...spec, containers } },
    settings: podSettings({ deploying: component }, cluster.config),
    world: worldOf(gathered(cluster)),
    controllerNamespace,
  })
  if (!result.ok) return { error: result.problem.message }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { labels: { ...result.pod.metadata.labels }, annotations: { ...result.pod.metadata.annotations } },
    spec: result.pod.spec,
  }
}

const queueProxyContainer = {
  name: 'queue-proxy',
  image: 'queue:golden',
  imagePullPolicy: 'IfNotPresent',
  env: [
    { name: 'USER_PORT', value: '8080' },
    { name: 'QUEUE_SERVING_PORT', value: '8012' },
  ],
}

export function wasRefused(outcome: Outcome, refusal: Refusal | undefined): string | undefined {
  if (refusal) return outcome.ok ? `not refused: ${refusal.message}` : undefined
  return outcome.ok ? undefined : `refused: ${outcome.message}`
}
