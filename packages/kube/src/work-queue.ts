import { backoffMs } from './backoff.ts'
import { type Clock, systemClock } from './clock.ts'
import { isKubeError } from './errors.ts'
import { type Log, silentLog } from './log.ts'
import { createWaitingNames, type Priority } from './waiting-names.ts'

/** What became of one run for one name. */
export interface ProcessResult {
  /** Look again after this long even if nothing happens. */
  readonly requeueAfterMs?: number
  /** Not finished: look again, after those of normal priority that wait. */
  readonly isUnfinished?: boolean
}

/** As controller-runtime tells them apart. */
export type RunResult = 'success' | 'requeue' | 'requeue_after' | 'error'

/** Told what the queue does; the names of its methods are those of controller-runtime's and client-go's metrics. */
export interface WorkQueueMetrics {
  /** workqueue_depth */
  depth(waiting: number): void
  /** workqueue_adds_total */
  added(): void
  /** workqueue_retries_total */
  retried(): void
  /** workqueue_queue_duration_seconds */
  waited(seconds: number): void
  /** workqueue_work_duration_seconds, controller_runtime_reconcile_time_seconds, controller_runtime_reconcile_total */
  worked(seconds: number, result: RunResult): void
  /** controller_runtime_reconcile_panics_total: a run met a bug of ours. */
  panicked(): void
  /** controller_runtime_active_workers */
  active(workers: number): void
}

export interface WorkQueueOptions {
  readonly name: string
  /**
   * One run for one name; never two at a time for the same. What it throws is logged, and the name comes again with
   * back-off. The signal aborts when the queue closes.
   */
  readonly process: (key: string, signal: AbortSignal) => Promise<ProcessResult | void>
  readonly workers?: number
  readonly clock?: Clock
  readonly random?: () => number
  readonly log?: Log
  readonly metrics?: WorkQueueMetrics
  readonly retryFirstMs?: number
  readonly retryMaxMs?: number
}

/** Names to be looked at. A name that is added while it waits is one name; while it is worked on, it comes again after. */
export interface WorkQueue {
  add(key: string, priority?: Priority): void
  /** The earliest of several wins. */
  addAfter(key: string, delayMs: number): void
  /** Begins to work; names may be added before. */
  start(): void
  /** Names that wait now. */
  readonly depth: number
  /** … of normal priority. */
  readonly pressing: number
  /** How long the longest run lasts by now (workqueue_longest_running_processor_seconds), and all together (…unfinished_work_seconds). */
  running(): { readonly longestSeconds: number; readonly totalSeconds: number }
  /** Resolves when nothing waits and nobody works; delayed names don't count. */
  idle(): Promise<void>
  /** No new runs; resolves when the running ones have ended. */
  close(): Promise<void>
}

const retryDefaults = { firstMs: 50, maxMs: 5 * 60_000 }

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock = systemClock, random = Math.random, log = silentLog, workers = 4, metrics } = options
  const retry = {
    firstMs: options.retryFirstMs ?? retryDefaults.firstMs,
    maxMs: options.retryMaxMs ?? retryDefaults.maxMs,
    random,
  }
  const abort = new AbortController()
  const waiting = createWaitingNames()
  const running = new Map<string, number>()
  const again = new Map<string, Priority>() // added while running
  const delayed = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>()
  const failures = new Map<string, number>()
  const idleWaiters = new Set<() => void>()
  let started = false

  const add = (key: string, priority: Priority = 'normal') => {
    if (abort.signal.aborted) return
    undelay(key)
    if (running.has(key)) return addAgain(key, priority)
    if (!waiting.add(key, priority, clock.elapsed())) return
    metrics?.added()
    metrics?.depth(waiting.size)
    schedule()
  }
  const addAgain = (key: string, priority: Priority) => {
    if (!again.has(key)) metrics?.added()
    if (priority === 'normal' || !again.has(key)) again.set(key, priority)
  }
  const undelay = (key: string) => {
    delayed.get(key)?.cancel()
    delayed.delete(key)
  }
  const addAfter = (key: string, delayMs: number) => {
    if (abort.signal.aborted) return
    if (delayMs <= 0) return add(key)
    const dueMs = clock.elapsed() + delayMs
    const known = delayed.get(key)
    if (known && known.dueMs <= dueMs) return
    undelay(key)
    delayed.set(key, { dueMs, cancel: clock.setTimeout(() => add(key), delayMs) })
  }
  const schedule = () => {
    const mayStart = () => started && !abort.signal.aborted && running.size < workers
    while (mayStart()) {
      const next = waiting.take()
      if (!next) break
      const [key, since] = next
      running.set(key, clock.elapsed())
      metrics?.depth(waiting.size)
      metrics?.active(running.size)
      metrics?.waited((clock.elapsed() - since) / 1000)
      void work(key)
    }
    if (waiting.size > 0 || running.size > 0) return
    for (const resolve of idleWaiters) resolve()
    idleWaiters.clear()
  }
  const work = async (key: string) => {
    const startedAt = clock.elapsed()
    let result: RunResult = 'success'
    try {
      const outcome = await options.process(key, abort.signal)
      failures.delete(key)
      if (outcome?.isUnfinished) {
        result = 'requeue'
        addAgain(key, 'low')
      }
      if (outcome?.requeueAfterMs !== undefined) {
        result = 'requeue_after'
        addAfter(key, outcome.requeueAfterMs)
      }
    } catch (error) {
      result = 'error'
      retryLater(key, error)
    }
    running.delete(key)
    metrics?.worked((clock.elapsed() - startedAt) / 1000, result)
    metrics?.active(running.size)
    const priority = again.get(key)
    if (priority && !abort.signal.aborted) {
      again.delete(key)
      waiting.add(key, priority, clock.elapsed())
      metrics?.depth(waiting.size)
    }
    schedule()
  }
  const retryLater = (key: string, error: unknown) => {
    if (abort.signal.aborted) return
    const failed = (failures.get(key) ?? 0) + 1
    failures.set(key, failed)
    const asked = isKubeError(error) ? (error.retryAfterMs ?? 0) : 0
    const delayMs = Math.max(asked, backoffMs(failed, retry))
    const detail = error instanceof Error ? error.message : String(error)
    // A refusal of the world needs one line; what isn't one is a bug of ours, and needs its stack.
    const stack = error instanceof Error && !isKubeError(error) ? { stack: error.stack } : {}
    if (!isKubeError(error)) metrics?.panicked()
    log.warn('Run failed, will be repeated', {
      queue: options.name,
      key,
      failures: failed,
      retryInMs: Math.round(delayMs),
      error: detail,
      ...stack,
    })
    metrics?.retried()
    addAfter(key, delayMs)
  }

  return {
    add,
    addAfter,
    start: () => {
      started = true
      schedule()
    },
    get depth() {
      return waiting.size
    },
    get pressing() {
      return waiting.pressing
    },
    running: () => {
      const seconds = [...running.values()].map((since) => (clock.elapsed() - since) / 1000)
      return { longestSeconds: Math.max(0, ...seconds), totalSeconds: seconds.reduce((sum, one) => sum + one, 0) }
    },
    idle: () =>
      new Promise((resolve) => {
        idleWaiters.add(resolve)
        if (started) schedule()
      }),
    close: async () => {
      abort.abort()
      for (const { cancel } of delayed.values()) cancel()
      delayed.clear()
      waiting.clear()
      again.clear()
      if (running.size > 0) {
        await new Promise<void>((resolve) => {
          idleWaiters.add(resolve)
        })
      }
    },
  }
}
