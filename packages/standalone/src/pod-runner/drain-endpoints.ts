import { type Client, type Clock, type KubeObject, type Log, resources, sleep } from '@millrace/kube'
import type { PodIdentity } from './pod.ts'

interface EndpointSlice extends KubeObject {
  endpoints?: {
    conditions?: { ready?: boolean }
    targetRef?: { uid?: string }
  }[]
}

export interface DrainContext {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly drainMsMax: number
  readonly settleMs: number
}

const pollMs = 40

/**
 * Waits until no EndpointSlice sends traffic to the pod any more, so that its server is told to stop only when nobody
 * asks it for anything new:
 *
 * ```
 * deletion ── endpoint not ready ── settle ── SIGTERM
 *          └──────── ≤ drainMsMax ─────────┘
 * ```
 * In a namespace without any Service nothing is waited for.
 */
export async function drainEndpoints(pod: PodIdentity, context: DrainContext, signal: AbortSignal): Promise<void> {
  const { client, clock, log } = context
  const deadline = clock.now() + context.drainMsMax
  while (!signal.aborted) {
    let isRouted: boolean
    try {
      const slices = await client.list<EndpointSlice>(resources.endpointSlices, { namespace: pod.namespace, signal })
      if (slices.items.length === 0) return
      isRouted = slices.items.some((slice) => sendsTrafficTo(slice, pod.uid))
    } catch (error) {
      // Routing cannot be asked about; the pod still has to go.
      log.warn('Could not see whether a pod still gets traffic', { pod: pod.name, error: String(error) })
      return
    }
    const leftMs = deadline - clock.now()
    if (!isRouted || leftMs <= 0) return sleep(clock, Math.min(context.settleMs, Math.max(leftMs, 0)), signal)
    await sleep(clock, Math.min(pollMs, leftMs), signal)
  }
}

function sendsTrafficTo(slice: EndpointSlice, podUid: string): boolean {
  const own = slice.endpoints?.filter((endpoint) => endpoint.targetRef?.uid === podUid) ?? []
  return own.some((endpoint) => endpoint.conditions?.ready !== false)
}
