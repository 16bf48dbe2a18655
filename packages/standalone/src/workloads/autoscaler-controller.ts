import { isDeepStrictEqual } from 'node:util'
import { type Client, type Informer, type KubeObject, type ObjectName, type Resource, resources } from '@millrace/kube'
import { type LabelSelector, matchesSelector, type Pod } from './apps.ts'
import { type Autoscaler, planAutoscaler, type PodUsage, type ScaleRecord } from './autoscaler-plan.ts'

export interface AutoscalerWorld {
  readonly client: Client
  readonly autoscalers: Informer<Autoscaler>
  readonly pods: Informer<Pod>
  /** Reads what every pod uses now, by pod uid. */
  readonly usage: () => Promise<ReadonlyMap<string, PodUsage>>
  readonly now: () => Date
  readonly history: Map<string, AutoscalerHistory>
}

export interface AutoscalerHistory {
  readonly recommendations: ScaleRecord[]
  readonly changes: ScaleRecord[]
}

/** The longest window that the API allows. */
const historyMs = 3600_000

/** What a HorizontalPodAutoscaler may point at here. */
const targets: Readonly<Record<string, Resource>> = {
  Deployment: resources.deployments,
  ReplicaSet: resources.replicaSets,
  StatefulSet: resources.statefulSets,
}

interface Scale extends KubeObject {
  spec: { readonly replicas?: number }
  status?: { readonly replicas?: number; readonly selector?: string }
}

/** One look at one autoscaler: reads the target's scale, decides, writes what changed. */
export async function reconcileAutoscaler(
  world: AutoscalerWorld,
  name: ObjectName,
  usage: ReadonlyMap<string, PodUsage>,
): Promise<void> {
  const autoscaler = world.autoscalers.get(name)
  const key = `${name.namespace}/${name.name}`
  if (!autoscaler || autoscaler.metadata.deletionTimestamp !== undefined) {
    world.history.delete(key)
    return
  }
  const target = targets[autoscaler.spec.scaleTargetRef.kind]
  if (!target) return
  const place = { namespace: name.namespace ?? '', name: autoscaler.spec.scaleTargetRef.name }
  const scale = await world.client.get<Scale>(target, place, { subresource: 'scale' })
  const history = historyOf(world, key)
  const currentReplicas = scale.spec.replicas ?? 0
  const selector = parseSelector(scale.status?.selector ?? '')
  const plan = planAutoscaler({
    autoscaler,
    currentReplicas,
    pods: world.pods.list(name.namespace).filter((pod) => matchesSelector(selector, pod.metadata.labels)),
    usage,
    recommendations: history.recommendations,
    changes: history.changes,
    now: world.now(),
  })
  const atMs = world.now().getTime()
  history.recommendations.push({ atMs, replicas: plan.recommendation })
  if (plan.desiredReplicas !== currentReplicas) {
    await world.client.patch(
      target,
      place,
      'merge',
      { spec: { replicas: plan.desiredReplicas } },
      { subresource: 'scale' },
    )
    history.changes.push({ atMs, replicas: currentReplicas })
  }
  if (!isDeepStrictEqual(autoscaler.status, plan.status)) {
    world.autoscalers.remember(
      await world.client.replace<Autoscaler>(
        resources.horizontalPodAutoscalers,
        { ...autoscaler, status: plan.status },
        { subresource: 'status' },
      ),
    )
  }
}

function historyOf(world: AutoscalerWorld, key: string): AutoscalerHistory {
  const history = world.history.get(key) ?? { recommendations: [], changes: [] }
  world.history.set(key, history)
  const oldest = world.now().getTime() - historyMs
  for (const records of [history.recommendations, history.changes]) {
    while ((records[0]?.atMs ?? Number.POSITIVE_INFINITY) < oldest) records.shift()
  }
  return history
}

/** `a=b,c in (d,e),!f` as the scale subresource writes a selector; only what the API server itself produces. */
export function parseSelector(text: string): LabelSelector | undefined {
  if (text === '') return undefined
  const matchLabels: Record<string, string> = {}
  const matchExpressions: NonNullable<LabelSelector['matchExpressions']>[number][] = []
  for (const part of text.split(/,(?![^(]*\))/)) {
    const set = /^(\S+) (in|notin) \(([^)]*)\)$/.exec(part.trim())
    const equal = /^([^=!]+)==?(.*)$/.exec(part.trim())
    if (set?.[1]) {
      const operator = set[2] === 'in' ? ('In' as const) : ('NotIn' as const)
      matchExpressions.push({ key: set[1], operator, values: (set[3] ?? '').split(',').map((value) => value.trim()) })
    } else if (equal?.[1]) matchLabels[equal[1]] = equal[2] ?? ''
    else if (part.startsWith('!')) matchExpressions.push({ key: part.slice(1), operator: 'DoesNotExist' })
    else matchExpressions.push({ key: part.trim(), operator: 'Exists' })
  }
  return { matchLabels, matchExpressions }
}
