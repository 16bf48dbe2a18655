import { type Client, discover, type KubeObject, resources } from '@millrace/kube'
import { type Decision, optionalPieces, podLabels, render, type RenderResult } from '@millrace/render'
import { type EventLine, eventsOf } from '../commands/describe.ts'
import { readRenderInput } from '../cluster/read-service.ts'
import { podState } from './pod-state.ts'

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

interface Status {
  readonly url?: string
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
  readonly modelStatus?: {
    readonly transitionStatus?: string
    readonly lastFailureInfo?: { readonly reason?: string; readonly message?: string }
  }
}

export interface Explanation {
  readonly kind: string
  /** `namespace/name` */
  readonly name: string
  readonly ready: boolean
  /** One sentence; absent when it is ready. */
  readonly cause?: string
  /** The last lines that the failing container wrote. */
  readonly lastLines?: readonly string[]
  readonly url?: string
  readonly mode: string
  readonly conditions: readonly Condition[]
  readonly decisions: readonly Decision[]
  readonly objects: readonly { readonly kind: string; readonly name: string }[]
  readonly pods: readonly { readonly name: string; readonly state: string }[]
  readonly events: readonly EventLine[]
  /** What the cluster has of what a service may need. */
  readonly cluster: readonly { readonly piece: string; readonly installed: boolean; readonly usedFor?: string }[]
}

/** Why an InferenceService, InferenceGraph or TrainedModel is as it is: rendered as the controller renders it, beside its status. */
export async function explain(client: Client, object: KubeObject): Promise<Explanation> {
  const { namespace = '', name = '' } = object.metadata
  const labelSelector = Object.entries(podLabels(object))
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
  const [input, cluster, pods, events] = await Promise.all([
    readRenderInput(client, object),
    piecesOf(client),
    client.list(resources.pods, { namespace, labelSelector }),
    eventsOf(client, object),
  ])
  const result = render(input)
  // Written by the controller and checked by the CRD's schema.
  const status = (object.status ?? {}) as Status
  const isSeen = status.observedGeneration === object.metadata.generation
  const ready =
    isSeen && status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true
  return {
    kind: object.kind,
    name: `${namespace}/${name}`,
    ready,
    ...(ready ? {} : { cause: causeOf(status, result, isSeen), ...lastLinesOf(status) }),
    ...(status.url === undefined ? {} : { url: status.url }),
    mode: result.facts.mode,
    conditions: status.conditions ?? [],
    decisions: result.decisions,
    objects: result.ok ? result.objects.map(({ kind, metadata }) => ({ kind, name: metadata.name ?? '' })) : [],
    pods: pods.items.map((pod) => ({ name: pod.metadata.name ?? '', state: podState(pod) })),
    events,
    cluster,
  }
}

async function piecesOf(client: Client): Promise<Explanation['cluster']> {
  const { resources: served } = await discover(client)
  return optionalPieces.map(({ title, group, plural, use }) => ({
    piece: title,
    installed: served.some((resource) => resource.group === group && resource.plural === plural),
    ...(use ? { usedFor: use.for } : {}),
  }))
}

/** The cause nearest to the root: what cannot be rendered, then why the model does not load, then the first part that is False. */
function causeOf(status: Status, result: RenderResult, isSeen: boolean): string {
  if (!result.ok) return `${result.problem.reason}: ${result.problem.message}`
  if (!isSeen) return 'The controller has not seen this version yet. Is it running, and can it reach this API server?'
  const failure = status.modelStatus?.lastFailureInfo
  if (failure?.message && status.modelStatus?.transitionStatus !== 'UpToDate')
    return `${failure.reason ?? 'ModelLoadFailed'}: ${failure.message.trimEnd().split('\n').at(-1)}`
  const conditions = status.conditions ?? []
  const failed = conditions.filter(({ status: is, type, message }) => is === 'False' && message && !asides.has(type))
  const cause =
    failed.find((condition) => condition.type !== 'Ready' && !followers.has(condition.type)) ??
    failed.find((condition) => condition.type !== 'Ready') ??
    conditions.find((condition) => condition.type === 'Ready')
  return cause ? `${cause.type}: ${[cause.reason, cause.message].filter(Boolean).join(': ')}` : 'It has no status yet.'
}

function lastLinesOf(status: Status): { readonly lastLines?: readonly string[] } {
  const said = status.modelStatus?.lastFailureInfo?.message?.trimEnd().split('\n') ?? []
  return said.length > 1 ? { lastLines: said } : {}
}

/** Conditions that wait for a component: never the root of the trouble while a component is False. */
const followers = new Set(['IngressReady', 'LatestDeploymentReady'])
/** Conditions that keep nothing from being ready. */
const asides = new Set(['AutoscalerReady', 'ScalingDecided'])
