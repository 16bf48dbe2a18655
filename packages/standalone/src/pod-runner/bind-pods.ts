import { type Client, type Clock, isKubeError, type KubeObject, type Log, resources } from '@millrace/kube'
import { checkNodeFit, type NodeFacts } from './node-fit.ts'
import { isTerminalPhase, type Pod, type PodCondition } from './pod.ts'
import { mergeConditions } from './pod-status.ts'
import { formatTime } from './time-format.ts'

export interface PodBinderContext {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly nodeName: string
  readonly signal: AbortSignal
  /** The Node as it is now. */
  readonly node: () => KubeObject | undefined
  readonly podsMax: number
  /** How many pods the node has. */
  readonly podCount: () => number
  readonly onEvent: (pod: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void
}

/** How long the answer to "is there a real scheduler?" is believed. */
const schedulerCheckMs = 5000
/** After a pod did not fit; after the API did not answer. */
const retryMs = 10_000
const failureRetryMs = 500

/** The smallest scheduler there is: every pod that fits goes to the one node there is. */
export class PodBinder {
  readonly #context: PodBinderContext
  readonly #waiting = new Map<string, Pod>()
  readonly #inProgress = new Set<string>()
  #schedulerCheck: { readonly at: number; readonly answer: Promise<boolean> } | undefined
  #cancelRetry: (() => void) | undefined

  constructor(context: PodBinderContext) {
    this.#context = context
    context.signal.addEventListener('abort', () => this.#cancelRetry?.(), { once: true })
  }

  /** Binds the pod if it waits for a node. Safe to call again and again. */
  consider(pod: Pod): void {
    const uid = pod.metadata.uid ?? ''
    if (!waitsForNode(pod)) return void this.#waiting.delete(uid)
    this.#waiting.set(uid, pod)
    void this.#tryOne(pod)
  }

  forget(pod: Pod): void {
    this.#waiting.delete(pod.metadata.uid ?? '')
  }

  /** Looks again at all pods that did not fit. */
  retry(): void {
    if (this.#context.signal.aborted) return
    for (const pod of this.#waiting.values()) void this.#tryOne(pod)
  }

  async #tryOne(pod: Pod): Promise<void> {
    const { log, signal } = this.#context
    const uid = pod.metadata.uid ?? ''
    if (this.#inProgress.has(uid)) return
    this.#inProgress.add(uid)
    let retryInMs = retryMs
    try {
      await this.#bind(pod)
    } catch (error) {
      retryInMs = failureRetryMs
      this.#schedulerCheck = undefined
      // Changed or bound by someone else meanwhile: the watch brings the news. Anything else is tried again.
      const isOvertaken = isKubeError(error, 'Conflict') || isKubeError(error, 'NotFound')
      if (!isOvertaken && !signal.aborted) {
        log.warn('Could not bind a pod', { pod: pod.metadata.name, error: String(error) })
      }
    } finally {
      this.#inProgress.delete(uid)
      this.#planRetry(retryInMs)
    }
  }

  async #bind(pod: Pod): Promise<void> {
    const { client, nodeName, signal, podCount, podsMax } = this.#context
    if (await this.#hasScheduler()) return
    const isFull = podCount() >= podsMax
    const problem = isFull ? tooManyPods(this.#context) : checkNodeFit(pod, nodeFacts(this.#context))
    if (problem !== undefined) return this.#refuse(pod, problem)
    const { namespace = 'default', name = '', uid = '' } = pod.metadata
    const target = { apiVersion: 'v1', kind: 'Node', name: nodeName }
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { namespace, name, uid }, target }
    await client.create(resources.pods, binding, { subresource: 'binding', signal })
    this.#waiting.delete(uid)
    this.#context.onEvent(pod, 'Normal', 'Scheduled', `assigned to ${nodeName}`)
  }

  async #refuse(pod: Pod, problem: string): Promise<void> {
    const { client, clock, signal } = this.#context
    const previous = pod.status?.conditions ?? []
    const known = previous.find(({ type }) => type === 'PodScheduled')
    const message = `0/1 nodes are available: ${problem}`
    if (known?.status === 'False' && known.message === message) return
    const reason = pod.spec.schedulingGates?.length ? 'SchedulingGated' : 'Unschedulable'
    const claim = { type: 'PodScheduled', status: 'False' as const, reason, message }
    const conditions: PodCondition[] = mergeConditions(previous, [claim], formatTime(clock.now()))
    const status = { ...pod.status, phase: 'Pending', conditions }
    await client.replace(resources.pods, { ...pod, status }, { subresource: 'status', signal })
    this.#context.onEvent(pod, 'Warning', 'FailedScheduling', message)
  }

  #hasScheduler(): Promise<boolean> {
    const { client, clock, signal } = this.#context
    const now = clock.now()
    if (!this.#schedulerCheck || now - this.#schedulerCheck.at > schedulerCheckMs) {
      this.#schedulerCheck = { at: now, answer: isLeaseHeld(client, 'kube-scheduler', now, signal) }
    }
    return this.#schedulerCheck.answer
  }

  #planRetry(inMs: number): void {
    const { clock, signal } = this.#context
    if (this.#waiting.size === 0 || signal.aborted) return
    this.#cancelRetry?.()
    this.#cancelRetry = clock.setTimeout(() => {
      this.#cancelRetry = undefined
      this.retry()
    }, inMs)
  }
}

function waitsForNode({ spec, status, metadata }: Pod): boolean {
  const isOurs = (spec.schedulerName || 'default-scheduler') === 'default-scheduler'
  return isOurs && !spec.nodeName && !metadata.deletionTimestamp && !isTerminalPhase(status?.phase)
}

function tooManyPods({ nodeName, podsMax }: PodBinderContext): string {
  return `node ${nodeName} runs its maximum of ${podsMax} pods; delete some.`
}

function nodeFacts({ node, nodeName }: PodBinderContext): NodeFacts {
  const object = node()
  const spec = (object?.spec ?? {}) as { unschedulable?: boolean; taints?: NodeFacts['taints'] }
  return {
    name: nodeName,
    labels: object?.metadata.labels ?? {},
    isCordoned: spec.unschedulable === true,
    taints: spec.taints ?? [],
  }
}

/** True while a component of a real control plane holds its leader lease. */
export async function isLeaseHeld(client: Client, name: string, now: number, signal: AbortSignal): Promise<boolean> {
  try {
    const lease = await client.get(resources.leases, { namespace: 'kube-system', name }, { signal })
    const spec = (lease.spec ?? {}) as { holderIdentity?: string; renewTime?: string; leaseDurationSeconds?: number }
    const endsAt = Date.parse(spec.renewTime ?? '') + (spec.leaseDurationSeconds ?? 15) * 1000
    return Boolean(spec.holderIdentity) && endsAt > now
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return false
    throw error
  }
}
