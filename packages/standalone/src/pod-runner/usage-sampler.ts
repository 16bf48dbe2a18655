import type { Clock } from '@millrace/kube'
import type { PodIdentity } from './pod.ts'
import { readProcessTable, readUnreclaimableBytes } from './process-table.ts'

/** One running program, with all that it started. */
export interface TrackedProcess {
  readonly pod: PodIdentity
  readonly container: string
  readonly groupId: number
  readonly memoryBytesMax: number | undefined
  readonly onExceeded: () => void
}

export interface Usage {
  readonly pod: PodIdentity
  readonly container: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly residentBytes: number
  /** Since the program's start. */
  readonly cpuSeconds: number
  /** Over the last interval; undefined until there were two samples. */
  readonly cpuCores: number | undefined
}

/** Measures memory and CPU of the pods' processes from /proc, and says when a memory limit is exceeded. */
export interface UsageSampler {
  track(process: TrackedProcess): () => void
  /** The newest figures. */
  readonly usage: readonly Usage[]
  stop(): void
}

export function createUsageSampler(clock: Clock, intervalMs: number): UsageSampler {
  const tracked = new Map<number, TrackedProcess>()
  const latest = new Map<number, Usage>()
  let cancel: (() => void) | undefined

  function sample(): void {
    const now = clock.now()
    const groups = new Map<number, { pids: number[]; residentBytes: number; cpuSeconds: number }>()
    for (const row of readProcessTable()) {
      if (!tracked.has(row.groupId)) continue
      const group = groups.get(row.groupId) ?? { pids: [], residentBytes: 0, cpuSeconds: 0 }
      group.pids.push(row.pid)
      group.residentBytes += row.residentBytes
      group.cpuSeconds += row.cpuSeconds
      groups.set(row.groupId, group)
    }
    for (const [groupId, { pids, residentBytes, cpuSeconds }] of groups) {
      const process = tracked.get(groupId)
      if (!process) continue
      const before = latest.get(groupId)
      const seconds = before && (now - before.time) / 1000
      // A child that ended takes its CPU time out of the sum; that is not negative use.
      const cpuCores = before && seconds ? Math.max(0, cpuSeconds - before.cpuSeconds) / seconds : undefined
      latest.set(groupId, {
        pod: process.pod,
        container: process.container,
        time: now,
        residentBytes,
        cpuSeconds,
        cpuCores,
      })
      if (isOverLimit(process, pids, residentBytes)) process.onExceeded()
    }
  }

  function tick(): void {
    cancel = undefined
    if (tracked.size === 0) return
    sample()
    cancel = clock.setTimeout(tick, intervalMs)
  }

  return {
    track(process) {
      tracked.set(process.groupId, process)
      cancel ??= clock.setTimeout(tick, intervalMs)
      return () => {
        tracked.delete(process.groupId)
        latest.delete(process.groupId)
      }
    },
    get usage() {
      return [...latest.values()]
    },
    stop() {
      tracked.clear()
      cancel?.()
    },
  }
}

/** The cheap figure first: it includes mapped files, so it is never smaller than the one that counts. */
function isOverLimit({ memoryBytesMax }: TrackedProcess, pids: readonly number[], residentBytes: number): boolean {
  if (memoryBytesMax === undefined || residentBytes <= memoryBytesMax) return false
  return pids.reduce((sum, pid) => sum + readUnreclaimableBytes(pid), 0) > memoryBytesMax
}
