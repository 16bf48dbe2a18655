/**
 * Brings objects and pods to one form, so that only what matters to the cluster is left: no server-side defaults, lists
 * that are maps in truth (env, volumes, containers) as maps, quantities as numbers.
 */
import { quantityValue } from '@millrace/api'
import { omit } from '../../src/omit.ts'

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : [])

function drop(object: Json, defaults: Json): Json {
  return Object.fromEntries(
    Object.entries(object).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(defaults[key])),
  )
}

/** Empty maps, lists, texts and nulls say nothing. */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([key, item]) => [key, withoutEmpty(item)] as const)
  return Object.fromEntries(entries.filter(([, item]) => !isEmpty(item)))
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && Object.keys(value).length === 0
}

function byKey(items: readonly Json[], key: string): Json {
  const map: Json = {}
  for (const item of items) {
    let name = String(item[key] ?? '')
    while (name in map) name += '+'
    map[name] = item
  }
  return map
}

const podDefaults: Json = {
  dnsPolicy: 'ClusterFirst',
  enableServiceLinks: true,
  preemptionPolicy: 'PreemptLowerPriority',
  restartPolicy: 'Always',
  schedulerName: 'default-scheduler',
  terminationGracePeriodSeconds: 30,
  hostIPC: false,
  hostNetwork: false,
  hostPID: false,
}

export function podForm(spec: unknown): Json {
  if (!isObject(spec)) return {}
  const {
    containers,
    initContainers,
    volumes,
    tolerations,
    serviceAccount: _,
    priority: _p,
    ...rest
  } = drop(spec, podDefaults)
  const kept = listOf(tolerations).filter(({ key }) => !String(key ?? '').startsWith('node.kubernetes.io/'))
  return withoutEmpty({
    ...rest,
    serviceAccountName: accountForm(rest['serviceAccountName'] ?? spec['serviceAccount']),
    tolerations: kept,
    containers: byKey(
      listOf(containers).map((container) => containerForm(container)),
      'name',
    ),
    initContainers: listOf(initContainers).map((container) => containerForm(container)),
    volumes: byKey(listOf(volumes).map(volumeForm), 'name'),
  }) as Json
}

const accountForm = (name: unknown) => (name === 'default' ? undefined : name)

const containerDefaults: Json = { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' }

function containerForm(container: Json): Json {
  const { env, ports, volumeMounts, resources, imagePullPolicy, args, ...rest } = drop(container, containerDefaults)
  const image = String(rest['image'] ?? '')
  const isLatest = image.endsWith(':latest') || !/[:@]/.test(image.split('/').at(-1) ?? '')
  return {
    ...rest,
    imagePullPolicy: imagePullPolicy ?? (isLatest ? 'Always' : 'IfNotPresent'),
    ...(Array.isArray(args) ? { args: rest['name'] === 'agent' ? flagsForm(args) : argsForm(args) } : {}),
    env: byKey(listOf(env).map(envForm), 'name'),
    ports: listOf(ports).map((port) => drop(port, { protocol: 'TCP' })),
    volumeMounts: byKey(
      listOf(volumeMounts).map((mount) => drop(mount, { readOnly: false })),
      'mountPath',
    ),
    resources: resourcesForm(resources),
    ...Object.fromEntries(
      ['readinessProbe', 'livenessProbe', 'startupProbe'].map((probe) => [probe, probeForm(rest[probe])]),
    ),
  }
}

/** The agent's arguments are flags, each with at most one value. Their order says nothing. */
function flagsForm(args: readonly unknown[]): Json {
  const isFlag = (arg: unknown) => String(arg ?? '--').startsWith('--')
  const flags = args.flatMap((arg, index) =>
    isFlag(arg) ? [[String(arg), isFlag(args[index + 1]) ? true : args[index + 1]] as const] : [],
  )
  return Object.fromEntries(flags)
}

/** A graph in an argument counts as the JSON that the router reads of it. */
function argsForm(args: readonly unknown[]): unknown {
  const index = args.indexOf('--graph-json')
  if (index < 0) return args
  const graph = JSON.parse(String(args[index + 1])) as Json
  return {
    ...args.filter((_, at) => at !== index + 1),
    graph: withoutEmpty({ nodes: graph['nodes'], routerTimeouts: graph['routerTimeouts'] }),
  }
}

function envForm(variable: Json): Json {
  const { name, value, valueFrom } = variable
  const isProbe = name === 'SERVING_READINESS_PROBE' && typeof value === 'string'
  const source = isObject(valueFrom)
    ? Object.fromEntries(
        Object.entries(valueFrom).map(([key, item]) => [key, isObject(item) ? drop(item, { apiVersion: 'v1' }) : item]),
      )
    : undefined
  return { name, value: isProbe ? probeForm(JSON.parse(value)) : value, valueFrom: source }
}

/** A shell does not mind the newline at the end of a script. */
function listOfTexts(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.map((item) => String(item).trimEnd()) : []
}

function probeForm(probe: unknown): unknown {
  if (!isObject(probe)) return undefined
  const { httpGet, ...rest } = drop(probe, {
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  })
  const exec = isObject(rest['exec']) ? { exec: { command: listOfTexts(rest['exec']['command']) } } : {}
  return { ...rest, ...exec, ...(isObject(httpGet) ? { httpGet: drop(httpGet, { scheme: 'HTTP', path: '/' }) } : {}) }
}

function resourcesForm(resources: unknown): unknown {
  if (!isObject(resources)) return undefined
  const limits = amounts(resources['limits'])
  return { ...resources, limits, requests: { ...limits, ...amounts(resources['requests']) } }
}

function amounts(list: unknown): Json {
  if (!isObject(list)) return {}
  return Object.fromEntries(Object.entries(list).map(([key, value]) => [key, quantityValue(value as string) ?? value]))
}

function volumeForm(volume: Json): Json {
  return Object.fromEntries(
    Object.entries(volume).map(([key, source]) => [
      key,
      isObject(source) ? { set: true, ...drop(source, { defaultMode: 420, optional: false }) } : source,
    ]),
  )
}

/** Labels that Knative's controllers put on pods. */
const knativePodLabels = ['configuration', 'revision', 'service'].map((name) => `serving.knative.dev/${name}`)

export function podObjectForm(pod: unknown): Json {
  const metadata = isObject(pod) && isObject(pod['metadata']) ? pod['metadata'] : {}
  const labels = Object.fromEntries(
    Object.entries(isObject(metadata['labels']) ? metadata['labels'] : {}).filter(
      ([key]) => !knativePodLabels.includes(key),
    ),
  )
  return withoutEmpty({
    metadata: { labels, annotations: metadata['annotations'] },
    spec: podForm(isObject(pod) ? pod['spec'] : {}),
  }) as Json
}

/** A child object. Templates of Deployments are left to the pods that are made of them. */
export function objectForm(object: Json): Json {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  const owners = listOf(metadata['ownerReferences']).map((owner) => omit(owner, 'uid'))
  const { namespace: _n, generation: _g, uid: _u, ownerReferences: _o, creationTimestamp: _c, ...rest } = metadata
  const { apiVersion, kind, status: _s, metadata: _m, spec, ...fields } = object
  const form = specForms[String(kind)]?.(isObject(spec) ? spec : {}, String(apiVersion)) ?? spec
  const content = { ...fields, ...(isObject(fields['data']) ? { data: dataForm(fields['data']) } : {}) }
  return withoutEmpty({ apiVersion, metadata: { ...rest, owners }, spec: form, ...content }) as Json
}

/** The agent of a multi-model server reads its list as a map. */
function dataForm(data: Json): Json {
  const models = data['models.json']
  if (typeof models !== 'string') return data
  return { ...data, 'models.json': byKey(listOf(JSON.parse(models)), 'modelName') }
}

type SpecForm = (spec: Json, apiVersion: string) => unknown

const deploymentForm: SpecForm = (spec) => {
  const { strategy, ...rest } = drop(omit(spec, 'template'), {
    replicas: 1,
    progressDeadlineSeconds: 600,
    revisionHistoryLimit: 10,
  })
  const given = isObject(strategy) ? strategy : {}
  const isRolling = (given['type'] ?? 'RollingUpdate') === 'RollingUpdate'
  const rolling = isObject(given['rollingUpdate']) ? given['rollingUpdate'] : {}
  return {
    ...rest,
    strategy: isRolling ? { type: 'RollingUpdate', maxSurge: '25%', maxUnavailable: '25%', ...rolling } : given,
  }
}

const serviceForm: SpecForm = (spec, apiVersion) => {
  if (apiVersion.startsWith('serving.knative.dev/')) return knativeForm(spec)
  const {
    clusterIP: _,
    clusterIPs: _s,
    ...rest
  } = drop(spec, {
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'None',
    type: 'ClusterIP',
  })
  return {
    ...rest,
    ports: listOf(spec['ports']).map((port) => drop({ targetPort: port['port'], ...port }, { protocol: 'TCP' })),
  }
}

function knativeForm(spec: Json): Json {
  const template = isObject(spec['template']) ? spec['template'] : {}
  const { containers: _, ...rest } = isObject(template['spec']) ? template['spec'] : {}
  const containers = listOf(isObject(template['spec']) ? template['spec']['containers'] : []).map((container) => ({
    name: '',
    ...container,
  }))
  return { ...spec, template: { ...template, spec: podForm({ ...rest, containers }) } }
}

const scalingPolicies = {
  scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
  scaleUp: {
    selectPolicy: 'Max',
    stabilizationWindowSeconds: 0,
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  },
}

const hpaForm: SpecForm = (spec) => {
  const behavior = isObject(spec['behavior']) ? spec['behavior'] : {}
  const filled = Object.fromEntries(
    Object.entries(scalingPolicies).map(([key, defaults]) => {
      const given = isObject(behavior[key]) ? behavior[key] : {}
      const policies = listOf(given['policies'] ?? defaults.policies).map((policy) =>
        JSON.stringify(Object.entries(policy).sort()),
      )
      return [key, { ...defaults, ...given, policies: policies.sort() }]
    }),
  )
  return { ...spec, behavior: filled }
}

const routeForm: SpecForm = (spec) => ({
  ...spec,
  rules: listOf(spec['rules']).map((rule) => ({
    ...rule,
    backendRefs: listOf(rule['backendRefs']).map((backend) => drop(backend, { group: '', weight: 1 })),
  })),
})

/** The backend of each host; the order of rules means nothing. */
const ingressForm: SpecForm = (spec) => ({
  ...spec,
  rules: Object.fromEntries(
    Object.entries(byKey(listOf(spec['rules']), 'host')).map(([host, rule]) => [host, omit(rule as Json, 'host')]),
  ),
})

/** What the operator's CRD fills in. */
const collectorForm: SpecForm = ({
  configVersions: _c,
  ipFamilyPolicy: _i,
  managementState: _m,
  targetAllocator: _t,
  ...spec
}) => spec

const specForms: Readonly<Record<string, SpecForm>> = {
  Deployment: deploymentForm,
  Service: serviceForm,
  HorizontalPodAutoscaler: hpaForm,
  HTTPRoute: routeForm,
  Ingress: ingressForm,
  OpenTelemetryCollector: collectorForm,
}
