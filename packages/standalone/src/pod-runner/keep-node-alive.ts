import type { Client, Clock, Log } from '@millrace/kube'
import { type NodeDescription, renewLease, reportNode } from './node-registration.ts'
import type { PodRunnerTiming } from './pod-runner-timing.ts'

interface KeepAliveContext {
  readonly clock: Clock
  readonly log: Log
  readonly timing: Pick<PodRunnerTiming, 'leaseRenewMs' | 'nodeReportMs'>
  readonly signal: AbortSignal
}

/** Renews the node's lease and reports its state, each at its own pace, until the answer is called. */
export function keepNodeAlive(
  client: Client,
  node: () => NodeDescription,
  { clock, log, timing, signal }: KeepAliveContext,
): () => void {
  const stops = [
    every(timing.leaseRenewMs, 'Could not renew the lease of the node', () =>
      renewLease(client, node().name, clock.now(), signal),
    ),
    every(timing.nodeReportMs, 'Could not report the state of the node', () =>
      reportNode(client, node(), { isReady: true, now: clock.now(), signal }),
    ),
  ]
  return () => {
    for (const stop of stops) stop()
  }

  function every(intervalMs: number, failure: string, step: () => Promise<void>): () => void {
    let isStopped = false
    let cancel = () => {}
    const plan = () => {
      cancel = clock.setTimeout(async () => {
        await step().catch((error: unknown) => log.warn(failure, { error: String(error) }))
        if (!isStopped) plan()
      }, intervalMs)
    }
    plan()
    return () => {
      isStopped = true
      cancel()
    }
  }
}
