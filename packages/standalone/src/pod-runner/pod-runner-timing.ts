import type { RestartBackOffLimits } from './restart-back-off.ts'

/** Every wait of the pod runner, in milliseconds. */
export interface PodRunnerTiming {
  readonly restartBackOff: RestartBackOffLimits
  /** After an image, a ConfigMap, a volume … was not there: from `firstMs`, doubling, to `maxMs`. */
  readonly retry: { readonly firstMs: number; readonly maxMs: number }
  /** The longest wait, after a pod's deletion, for its endpoints to be taken out of routing. */
  readonly drainMsMax: number
  /** What a routing proxy needs, at most, to notice that an endpoint is out. */
  readonly drainSettleMs: number
  readonly leaseRenewMs: number
  readonly nodeReportMs: number
  readonly memoryCheckMs: number
  /** What a pod's processes get between SIGTERM and SIGKILL when the pod runner is closed. */
  readonly closeGraceMs: number
  /** A pod that was deleted by force: its processes have this long. */
  readonly forcedGraceMs: number
  /** Changes of a pod's status within this time are written together. */
  readonly statusBatchMs: number
}

export const podRunnerTiming: PodRunnerTiming = {
  restartBackOff: { firstMs: 10_000, maxMs: 300_000, resetAfterMs: 600_000 },
  retry: { firstMs: 1000, maxMs: 30_000 },
  drainMsMax: 3000,
  drainSettleMs: 100,
  leaseRenewMs: 10_000,
  nodeReportMs: 300_000,
  memoryCheckMs: 1000,
  closeGraceMs: 5000,
  forcedGraceMs: 2000,
  statusBatchMs: 5,
}
