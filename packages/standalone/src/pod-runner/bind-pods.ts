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

/** The smallest scheduler there is: every pod that fits goes to the one node there is. */
export interface PodBinder {
  /** Binds the pod if it waits for a node. Safe to call again and again. */
  consider(pod: Pod): void
  forget(pod: Pod): void
  /** Looks again at all pods that did not fit. */
  retry(): void
}

/** How long the answer to "is there a real scheduler?" is believed. */
const schedulerCheckMs = 5000
const retryMs = 10_000

export function createPodBinder(context: PodBinderContext): PodBinder {
  const { client, clock, log, nodeName, signal } = context
  const waiting = new Map<string, Pod>()
  const inProgress = new Set<string>()
  let schedulerCheck: { readonly at: number; readonly answer: Promise<boolean> } | undefined
  let cancelRetry: (() => void) | undefined

  function hasScheduler(): Promise<boolean> {
    const now = clock.now()
    if (!schedulerCheck || now - schedulerCheck.at > schedulerCheckMs) {
      schedulerCheck = { at: now, answer: isLeaseHeld(client, 'kube-scheduler', now, signal) }
    }
    return schedulerCheck.answer
  }

  async function tryToBind(pod: Pod): Promise<void> {
    if (await hasScheduler()) return
    const problem = context.podCount() >= context.podsMax ? tooManyPods(context) : checkNodeFit(pod, nodeFacts(context))
    if (problem !== undefined) return refuse(pod, problem)
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: {
        ...(pod.metadata.namespace !== undefined && { namespace: pod.metadata.namespace }),
        name: pod.metadata.name ?? '',
      },
      target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
    }
    await client.create(resources.pods, binding, { subresource: 'binding', signal })
    waiting.delete(pod.metadata.uid ?? '')
    context.onEvent(pod, 'Normal', 'Scheduled', `assigned to ${nodeName}`)
  }

  async function refuse(pod: Pod, problem: string): Promise<void> {
    const previous = pod.status?.conditions ?? []
    const known = previous.find(({ type }) => type === 'PodScheduled')
    const message = `0/1 nodes are available: ${problem}`
    if (known?.status === 'False' && known.message === message) return
    const isGated = Boolean(pod.spec.schedulingGates?.length)
    const claim = {
      type: 'PodScheduled',
      status: 'False' as const,
      reason: isGated ? 'SchedulingGated' : 'Unschedulable',
      message,
    }
    const conditions: PodCondition[] = mergeConditions(previous, [claim], formatTime(clock.now()))
    const status = { ...pod.status, phase: 'Pending', conditions }
    await client.replace(resources.pods, { ...pod, status }, { subresource: 'status', signal })
    context.onEvent(pod, 'Warning', 'FailedScheduling', message)
  }

  async function consider(pod: Pod): Promise<void> {
    const uid = pod.metadata.uid ?? ''
    if (inProgress.has(uid)) return
    inProgress.add(uid)
    try {
      await tryToBind(pod)
    } catch (error) {
      // Changed or bound by someone else meanwhile: the watch brings the news. Anything else is tried again.
      const isOvertaken = isKubeError(error, 'Conflict') || isKubeError(error, 'NotFound')
      if (!isOvertaken && !signal.aborted) {
        log.warn('Could not bind a pod', { pod: pod.metadata.name, error: String(error) })
      }
    } finally {
      inProgress.delete(uid)
      planRetry()
    }
  }

  function planRetry(): void {
    if (waiting.size === 0 || signal.aborted) return
    cancelRetry ??= clock.setTimeout(() => {
      cancelRetry = undefined
      retry()
    }, retryMs)
  }

  function retry(): void {
    if (signal.aborted) return
    for (const pod of waiting.values()) void consider(pod)
  }

  signal.addEventListener('abort', () => cancelRetry?.(), { once: true })
  return {
    consider(pod) {
      const uid = pod.metadata.uid ?? ''
      if (!waitsForNode(pod)) return void waiting.delete(uid)
      waiting.set(uid, pod)
      void consider(pod)
    },
    forget(pod) {
      waiting.delete(pod.metadata.uid ?? '')
    },
    retry,
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
