import { type KubeObject, quantityValue } from '@millrace/kube'
import { type Condition, isActive, isReady, type Pod, withCondition } from './apps.ts'

export interface ScalingPolicy {
  readonly type: 'Pods' | 'Percent'
  readonly value: number
  readonly periodSeconds: number
}

export interface ScalingRules {
  readonly stabilizationWindowSeconds?: number
  readonly selectPolicy?: 'Max' | 'Min' | 'Disabled'
  readonly policies?: readonly ScalingPolicy[]
}

export interface MetricSpec {
  readonly type: string
  readonly resource?: {
    readonly name: string
    readonly target: { readonly type: string; readonly averageUtilization?: number; readonly averageValue?: string }
  }
}

export interface Autoscaler extends KubeObject {
  spec: {
    readonly scaleTargetRef: { readonly apiVersion?: string; readonly kind: string; readonly name: string }
    readonly minReplicas?: number
    readonly maxReplicas: number
    readonly metrics?: readonly MetricSpec[]
    readonly behavior?: { readonly scaleUp?: ScalingRules; readonly scaleDown?: ScalingRules }
  }
  status?: {
    readonly currentReplicas?: number
    readonly desiredReplicas?: number
    readonly lastScaleTime?: string
    /** Null: there are none. So the server stores it, and so it is written, or each look would find a difference. */
    readonly currentMetrics?: readonly CurrentMetric[] | null
    readonly conditions?: readonly Condition[]
  }
}

export interface CurrentMetric {
  readonly type: 'Resource'
  readonly resource: {
    readonly name: string
    readonly current: { readonly averageValue?: string; readonly averageUtilization?: number }
  }
}

/** What one pod uses now. CPU in millicores, memory in bytes. */
export interface PodUsage {
  readonly cpuMillicores: number
  readonly memoryBytes: number
}

/** A recommendation or a change made earlier; kept by the caller as long as the longest window. */
export interface ScaleRecord {
  readonly atMs: number
  readonly replicas: number
}

export interface AutoscalerInput {
  readonly autoscaler: Autoscaler
  readonly currentReplicas: number
  readonly pods: readonly Pod[]
  /** By pod uid; absent for pods without a reading yet. */
  readonly usage: ReadonlyMap<string, PodUsage>
  readonly recommendations: readonly ScaleRecord[]
  /** For each change made earlier: when, and the replica count before it. Oldest first. */
  readonly changes: readonly ScaleRecord[]
  readonly now: Date
}

export interface AutoscalerPlan {
  readonly desiredReplicas: number
  /** Before stabilisation and policies; what the caller records. */
  readonly recommendation: number
  readonly status: NonNullable<Autoscaler['status']>
}

/** Usage this close to the target changes nothing (kube-controller-manager's default). */
const tolerance = 0.1

/** One decision of a HorizontalPodAutoscaler with resource metrics, after the algorithm that Kubernetes documents. */
export function planAutoscaler(input: AutoscalerInput): AutoscalerPlan {
  const { autoscaler, currentReplicas, now } = input
  const { maxReplicas } = autoscaler.spec
  const minReplicas = autoscaler.spec.minReplicas ?? 1
  let conditions = autoscaler.status?.conditions ?? []
  const time = `${now.toISOString().slice(0, 19)}Z`
  const set = (type: string, status: 'True' | 'False', reason: string, message: string): void => {
    conditions = withCondition(conditions, { type, status, reason, message }, time)
  }
  set('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale")
  if (currentReplicas === 0 && minReplicas !== 0) {
    set(
      'ScalingActive',
      'False',
      'ScalingDisabled',
      'scaling is disabled since the replica count of the target is zero',
    )
    return { desiredReplicas: 0, recommendation: 0, status: statusOf(input, 0, conditions) }
  }
  const measured = recommend(input)
  const recommendation = measured.replicas ?? currentReplicas
  set('ScalingActive', measured.replicas === undefined ? 'False' : 'True', measured.reason, measured.message)
  const allowed = measured.replicas === undefined ? currentReplicas : withinBehavior(input, recommendation)
  const desiredReplicas = Math.min(maxReplicas, Math.max(minReplicas, allowed))
  if (allowed > maxReplicas)
    set('ScalingLimited', 'True', 'TooManyReplicas', 'the desired replica count is more than the maximum replica count')
  else if (allowed < minReplicas)
    set('ScalingLimited', 'True', 'TooFewReplicas', 'the desired replica count is less than the minimum replica count')
  else set('ScalingLimited', 'False', 'DesiredWithinRange', 'the desired count is within the acceptable range')
  return { desiredReplicas, recommendation, status: statusOf(input, desiredReplicas, conditions) }
}

function statusOf(
  input: AutoscalerInput,
  desiredReplicas: number,
  conditions: readonly Condition[],
): NonNullable<Autoscaler['status']> {
  const { autoscaler, currentReplicas, now } = input
  const lastScaleTime =
    desiredReplicas === currentReplicas ? autoscaler.status?.lastScaleTime : `${now.toISOString().slice(0, 19)}Z`
  const currentMetrics = measuredNow(input)
  return {
    currentReplicas,
    desiredReplicas,
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    currentMetrics: currentMetrics.length === 0 ? null : currentMetrics,
    conditions,
  }
}

/** What each metric stands at, in the unit of its target: a usage that hardly moves is not written again and again. */
function measuredNow(input: AutoscalerInput): readonly CurrentMetric[] {
  return (input.autoscaler.spec.metrics ?? []).flatMap(({ resource }): CurrentMetric[] => {
    const name = resource?.name
    if (!resource || (name !== 'cpu' && name !== 'memory')) return []
    const pods = measuredPods(input)
    const used = usedBy(pods, input, name)
    if (pods.length === 0) return []
    if (resource.target.averageValue !== undefined) {
      const averageValue = `${Math.round(used / pods.length)}${name === 'cpu' ? 'm' : ''}`
      return [{ type: 'Resource', resource: { name, current: { averageValue } } }]
    }
    const full = targetTotal({ type: 'Utilization', averageUtilization: 100 }, pods, name)
    if (!full) return []
    return [{ type: 'Resource', resource: { name, current: { averageUtilization: Math.round((used * 100) / full) } } }]
  })
}

function measuredPods(input: AutoscalerInput): readonly Pod[] {
  return input.pods.filter((pod) => isActive(pod) && isReady(pod) && input.usage.has(pod.metadata.uid ?? ''))
}

function usedBy(pods: readonly Pod[], input: AutoscalerInput, name: 'cpu' | 'memory'): number {
  return pods.reduce((sum, pod) => sum + read(input.usage.get(pod.metadata.uid ?? ''), name), 0)
}

interface Measured {
  /** Absent when no metric could be read: then nothing is scaled but into the bounds. */
  readonly replicas?: number
  readonly reason: string
  readonly message: string
}

/** The largest of what each metric asks for. */
function recommend(input: AutoscalerInput): Measured {
  const metrics = input.autoscaler.spec.metrics ?? []
  const wanted: number[] = []
  let failure = 'no metric is configured'
  for (const metric of metrics) {
    const result = recommendForMetric(input, metric)
    if (typeof result === 'number') wanted.push(result)
    else failure = result.failure
  }
  if (wanted.length === 0)
    return { reason: 'FailedGetResourceMetric', message: `the HPA was unable to compute the replica count: ${failure}` }
  return {
    replicas: Math.max(...wanted),
    reason: 'ValidMetricFound',
    message: 'the HPA was able to successfully calculate a replica count from its metrics',
  }
}

function recommendForMetric(input: AutoscalerInput, metric: MetricSpec): number | { readonly failure: string } {
  const name = metric.resource?.name
  const target = metric.resource?.target
  if (metric.type !== 'Resource' || !target || (name !== 'cpu' && name !== 'memory')) {
    return { failure: `metric type ${metric.type} is not measured on this machine, only cpu and memory are` }
  }
  const active = input.pods.filter(isActive)
  const ready = measuredPods(input)
  if (ready.length === 0) return { failure: `no ready pod has a reading of ${name} yet` }
  const used = usedBy(ready, input, name)
  const wanted = targetTotal(target, ready, name)
  if (wanted === undefined || wanted === 0)
    return { failure: `a container has no request for ${name}, which the target is a share of` }
  const ratio = used / wanted
  if (Math.abs(ratio - 1) <= tolerance) return input.currentReplicas
  // Pods without a reading count as idle when scaling up and as fully used when scaling down: neither direction overshoots.
  const missing = active.length - ready.length
  if (missing === 0) return Math.ceil(ratio * ready.length)
  const dampened =
    ratio > 1
      ? used / (wanted * (active.length / ready.length))
      : (used + (wanted / ready.length) * missing) / (wanted * (active.length / ready.length))
  if (Math.abs(dampened - 1) <= tolerance || dampened > 1 !== ratio > 1) return input.currentReplicas
  return Math.ceil(dampened * active.length)
}

function read(usage: PodUsage | undefined, name: 'cpu' | 'memory'): number {
  return (name === 'cpu' ? usage?.cpuMillicores : usage?.memoryBytes) ?? 0
}

/** What the ready pods together should use; undefined when a request that a percentage needs is missing. */
function targetTotal(
  target: NonNullable<MetricSpec['resource']>['target'],
  pods: readonly Pod[],
  name: 'cpu' | 'memory',
): number | undefined {
  if (target.averageValue !== undefined)
    return (quantityValue(target.averageValue) ?? 0) * (name === 'cpu' ? 1000 : 1) * pods.length
  let requested = 0
  for (const pod of pods) {
    for (const container of pod.spec.containers) {
      const request = quantityValue(container.resources?.requests?.[name] ?? '')
      if (request === undefined) return undefined
      requested += name === 'cpu' ? request * 1000 : request
    }
  }
  return (requested * (target.averageUtilization ?? 80)) / 100
}

/** Stabilisation windows (the calmest recommendation inside them) and then the rate limits of the policies. */
function withinBehavior(input: AutoscalerInput, recommendation: number): number {
  const { autoscaler, currentReplicas, recommendations, now } = input
  const up = autoscaler.spec.behavior?.scaleUp
  const down = autoscaler.spec.behavior?.scaleDown
  const since = (seconds: number): readonly number[] =>
    recommendations.filter((record) => record.atMs > now.getTime() - seconds * 1000).map((record) => record.replicas)
  const lowest = Math.min(recommendation, ...since(up?.stabilizationWindowSeconds ?? 0))
  const highest = Math.max(recommendation, ...since(down?.stabilizationWindowSeconds ?? 300))
  const calm = currentReplicas < lowest ? lowest : currentReplicas > highest ? highest : currentReplicas
  if (calm > currentReplicas) return Math.min(calm, rateLimit(input, up ?? defaultUp, 1))
  if (calm < currentReplicas) return Math.max(calm, rateLimit(input, down ?? defaultDown, -1))
  return calm
}

const defaultUp: ScalingRules = {
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
}
const defaultDown: ScalingRules = { policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] }

function rateLimit(input: AutoscalerInput, rules: ScalingRules, direction: 1 | -1): number {
  if (rules.selectPolicy === 'Disabled') return input.currentReplicas
  const policies = rules.policies ?? (direction === 1 ? defaultUp.policies : defaultDown.policies) ?? []
  const limits = policies.map((policy) => {
    const start = replicasAt(input, policy.periodSeconds)
    const step = policy.type === 'Pods' ? policy.value : (start * policy.value) / 100
    return direction === 1 ? Math.ceil(start + step) : Math.max(0, Math.floor(start - step))
  })
  const isMost = (rules.selectPolicy ?? 'Max') === 'Max'
  return isMost === (direction === 1) ? Math.max(...limits) : Math.min(...limits)
}

/** The replica count that the period started with. */
function replicasAt(input: AutoscalerInput, periodSeconds: number): number {
  const start = input.now.getTime() - periodSeconds * 1000
  return input.changes.find((record) => record.atMs > start)?.replicas ?? input.currentReplicas
}
