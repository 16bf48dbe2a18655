import type { Clock, KubeObject } from '@millrace/kube'
import { markOf } from './rollout-mark.ts'

/** How many services stand where. */
export interface RolloutCounts {
  readonly rolling: number
  readonly waiting: number
  /** Those that a change has broken, as `Kind namespace/name`. While there is one, nobody else's turn comes. */
  readonly failed: readonly string[]
}

/** `unlimited`: nobody counts. `waits`: there is no turn now; the service is called when there is. */
export type Turn = 'taken' | 'unlimited' | 'waits'

/** Who may roll. Its whole memory is what the statuses of services say, and who asked in vain. */
export interface RolloutTurns {
  /** A service as our copy has it now; undefined: it is gone. */
  saw(key: string, service: KubeObject | undefined): void
  /** A turn that is taken is over when the service's mark is gone. */
  take(key: string): Turn
  /** It asks for nothing (any more). */
  leave(key: string): void
  /** A turn that was taken and never marked is free again. */
  giveBack(key: string): void
  readonly counts: RolloutCounts
  /** Begins to call services; the answer ends it. */
  work(): () => void
}

export interface RolloutTurnsOptions {
  readonly clock: Clock
  readonly settings: () => { readonly services: number; readonly deadlineSeconds: number }
  /** Brings a service back into the loop. */
  readonly call: (key: string) => void
  /** Every `tickMs` while somebody rolls or waits, and once when nobody does any longer. */
  readonly onTick: (counts: RolloutCounts) => void
}

/** A turn that nobody takes (its service was deleted, or cannot be rendered just now) goes to the next one after this. */
export const tickMs = 5_000

export function createRolloutTurns(options: RolloutTurnsOptions): RolloutTurns {
  const { clock, settings, call, onTick } = options
  const marked = new Map<string, { readonly state: 'rolling' | 'failed'; readonly sinceMs: number }>()
  /** Between the answer to `take` and the write of the mark. */
  const taken = new Set<string>()
  const waiting = new Set<string>()
  let isWorking = false
  let cancel: (() => void) | undefined

  const failed = () => [...marked].flatMap(([key, { state }]) => (state === 'failed' ? [key] : []))
  const counts = (): RolloutCounts => {
    const broken = failed()
    return { rolling: marked.size - broken.length + taken.size, waiting: waiting.size, failed: broken }
  }
  const free = (): number => {
    const { rolling, failed: broken } = counts()
    const { services } = settings()
    if (services === 0) return Number.POSITIVE_INFINITY
    return broken.length > 0 ? 0 : Math.max(0, services - rolling)
  }
  const callNext = () => {
    if (!isWorking) return
    for (const key of [...waiting].slice(0, free())) {
      // Called again after all others, should it not come.
      waiting.delete(key)
      waiting.add(key)
      call(key)
    }
  }
  const tick = () => {
    cancel = undefined
    const { deadlineSeconds } = settings()
    for (const [key, { state, sinceMs }] of marked)
      if (state === 'rolling' && clock.now() - sinceMs >= deadlineSeconds * 1000) call(key)
    callNext()
    onTick(counts())
    arm()
  }
  const arm = () => {
    const isIdle = marked.size === 0 && taken.size === 0 && waiting.size === 0
    if (isWorking && !isIdle) cancel ??= clock.setTimeout(tick, tickMs)
  }

  return {
    saw: (key, service) => {
      const mark = service && markOf(service)
      const before = marked.get(key)
      if (mark) {
        marked.set(key, mark)
        taken.delete(key)
      } else marked.delete(key)
      if (!service) {
        waiting.delete(key)
        taken.delete(key)
      }
      if (before && before.state !== mark?.state) callNext()
      if (mark) arm()
    },
    take: (key) => {
      if (free() <= 0) {
        waiting.add(key)
        arm()
        return 'waits'
      }
      waiting.delete(key)
      if (settings().services === 0) return 'unlimited'
      taken.add(key)
      arm()
      return 'taken'
    },
    leave: (key) => void waiting.delete(key),
    giveBack: (key) => {
      if (taken.delete(key)) callNext()
    },
    get counts() {
      return counts()
    },
    work: () => {
      isWorking = true
      arm()
      return () => {
        isWorking = false
        cancel?.()
        cancel = undefined
        waiting.clear()
        taken.clear()
      }
    },
  }
}
