import { type InferenceServiceSpec, parseConfig } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { knativeKeys, labelKeys } from '../../src/keys.ts'
import { readyTypes } from '../../src/component-condition.ts'
import { conditionOf, isSeen } from '../../src/observe/deployment-state.ts'
import { isStopped } from '../../src/service/effective-service.ts'
import type { Snapshot } from './cases.ts'
import type { Mark } from './difference.ts'
import type { MemoryCluster } from './memory-cluster.ts'
import { optionalComponents, ownerOf, serviceOf } from './owners.ts'
import { isFailing, isRetrying } from './pod-marks.ts'

/** What is known of one service or graph when the two sides are compared. `id` is `InferenceService/iris`. */
export interface MarkedService {
  readonly id: string
  readonly cluster: MemoryCluster
  readonly expected: Snapshot
  /** It was stopped at some time before. */
  readonly wasStopped: boolean
  /** Pods have said something since KServe was last called to look at services. */
  readonly hasPodNews: boolean
  /** The configuration has changed since then. */
  readonly hasConfigNews: boolean
  /** What the last action was about, as an id. */
  readonly lastTarget: string
}

/** Facts about a service that rules may ask for. */
export function serviceMarks({ id, cluster, expected, wasStopped, ...news }: MarkedService): readonly Mark[] {
  const marks: Mark[] = []
  const result = cluster.results.get(id)
  if (result?.ok === false) marks.push(`refused: ${result.problem.reason}`)
  if (result?.decisions.some(({ reason }) => reason === 'GatewayApiNotInstalled')) marks.push('no Gateway API')
  if (result?.facts.mode === 'ModelMesh') marks.push('ModelMesh')
  const service = serviceOf(cluster, id)
  const name = service?.metadata.name
  if (service && isScaleAnnotated(service)) marks.push('scale annotated')
  if (service?.kind === 'TrainedModel') marks.push(...modelMarks(service, news.lastTarget))
  if (lacksVirtualService(id, cluster, expected)) marks.push('no VirtualService')
  const isStoppedNow = isStopped(service?.metadata.annotations ?? {})
  if (isStoppedNow) marks.push('stopped')
  else if (wasStopped) marks.push('resumed')
  if (isBroken(id, expected)) marks.push('broken')
  if (news.hasPodNews) marks.push('pod news')
  if (news.hasConfigNews) marks.push('config news')
  if (parseConfig(cluster.data).findings.length > 0) marks.push('broken config')
  if (expected.unstable) marks.push('restless')
  const children = [...cluster.children.values()].filter((child) => ownerOf(child) === id)
  marks.push(...unseen(children), ...waiting(children, service, cluster), ...componentMarks(service))
  const pods = cluster.pods.filter((pod) => pod.metadata.labels?.[labelKeys.inferenceService] === name)
  if (pods.some(isFailing)) marks.push('failing pod')
  if (pods.some(isRetrying)) marks.push('download retried')
  return marks
}

/**
 * KServe's attempt ended in an error: an event says so, or a graph has its Service and never its Deployment, or it panicked
 * and has written no status at all.
 */
function isBroken(id: string, { events = [], objects = {}, primary = {} }: Snapshot): boolean {
  const [kind, name] = id.split('/')
  if (kind === 'InferenceGraph') return `Service.core/${name}` in objects && !(`Deployment.apps/${name}` in objects)
  const hasNoStatus = kind === 'InferenceService' && id in primary && primary[id]?.['status'] === undefined
  return (
    hasNoStatus ||
    events.some((event) => event.reason === 'InternalError' && event.kind === kind && event.name === name)
  )
}

function isScaleAnnotated({ metadata, spec }: KubeObject): boolean {
  const components = ['predictor', ...optionalComponents].map(
    (component) => Object(Object(spec)[component]).annotations,
  )
  return [metadata.annotations, ...components].some(
    (annotations) => knativeKeys.minScale in Object(annotations) || knativeKeys.maxScale in Object(annotations),
  )
}

function modelMarks(model: KubeObject, lastTarget: string): readonly Mark[] {
  const isLast = lastTarget === `${model.kind}/${model.metadata.name}`
  const isUnread = conditionOf(model, 'FrameworkSupported')?.status === 'False'
  return [...(isLast ? [] : (['not looked at'] as const)), ...(isUnread ? (['unsupported format'] as const) : [])]
}

function lacksVirtualService(
  id: string,
  { capabilities, config, results }: MemoryCluster,
  { objects }: Snapshot,
): boolean {
  const isWanted = capabilities.istio && !config.ingress.disableIstioVirtualHost
  const name = id.replace(/^\w+\//, '')
  return (
    isWanted &&
    results.get(id)?.facts.mode === 'Knative' &&
    !(`VirtualService.networking.istio.io/${name}` in (objects ?? {}))
  )
}

function unseen(children: readonly KubeObject[]): Mark[] {
  const found = children.filter((child) => child['status'] !== undefined && !isSeen(child))
  const components = new Set(found.flatMap(({ metadata }) => metadata.labels?.[labelKeys.component] ?? []))
  const marks = [...components].map((component): Mark => `unseen ${component}`)
  return found.length > 0 ? ['unseen', ...marks] : []
}

/** What keeps a graph from being ready: its own Deployment, or services that its steps call. */
function waiting(
  children: readonly KubeObject[],
  service: KubeObject | undefined,
  { objects }: MemoryCluster,
): readonly Mark[] {
  if (service?.kind !== 'InferenceGraph') return []
  const isDown = children.some(
    (child) => child.kind === 'Deployment' && conditionOf(child, 'Available')?.status !== 'True',
  )
  const steps = Object.values(Object(Object(service['spec']).nodes) as Record<string, { steps?: object[] }>)
  const called = steps.flatMap((node) => (node.steps ?? []).map((step) => Reflect.get(step, 'serviceName')))
  const isWaiting = objects.some(
    (object) =>
      object.kind === 'InferenceService' &&
      called.includes(object.metadata.name) &&
      conditionOf(object, 'Ready')?.status !== 'True',
  )
  return [...(isDown ? (['unavailable'] as const) : []), ...(isWaiting ? (['step not ready'] as const) : [])]
}

function componentMarks(service: KubeObject | undefined): readonly Mark[] {
  if (service?.kind !== 'InferenceService') return []
  const spec = service['spec'] as InferenceServiceSpec
  const isWaiting = spec.explainer && conditionOf(service, readyTypes.explainer)?.status !== 'True'
  const absent = optionalComponents.filter((component) => !(component in spec))
  return [
    ...absent.map((component): Mark => `without ${component}`),
    ...('transformer' in spec ? (['with transformer'] as const) : []),
    ...(isWaiting ? (['explainer not ready'] as const) : []),
    ...(hasMixedSources(spec) ? (['mixed sources'] as const) : []),
  ]
}

/** Where the first is mounted and a later one is downloaded. */
function hasMixedSources({ predictor, transformer, explainer }: InferenceServiceSpec): boolean {
  const isMounted = ({ uri }: { readonly uri: string }) => /^(oci|pvc)/.test(uri)
  return [predictor, transformer, explainer].some((component) => {
    const [first, ...others] = component?.storageUris ?? []
    return first !== undefined && isMounted(first) && others.some((source) => !isMounted(source))
  })
}
