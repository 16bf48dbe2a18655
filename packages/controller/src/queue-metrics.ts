import type { WorkQueue, WorkQueueMetrics } from '@millrace/kube'
import type { Families } from './metric-families.ts'

/** Queues and runs, as controller-runtime and client-go name them. */
export interface QueueMetrics {
  forQueue(name: string, workers: number): WorkQueueMetrics
  watchQueue(name: string, queue: () => WorkQueue | undefined): void
  /** Reads what is only known when it is asked for. */
  look(): void
}

/** With a series from the start each: a rate over what has just come would miss its first count. */
const results = ['success', 'requeue', 'requeue_after', 'error'] as const

export function createQueueMetrics({ counter, gauge, histogram }: Families): QueueMetrics {
  const own = ['name', 'controller'] as const
  const depth = gauge('workqueue_depth', 'Names that wait.', own)
  const adds = counter('workqueue_adds_total', 'Names added.', own)
  const retries = counter('workqueue_retries_total', 'Runs that are to be repeated.', own)
  const waited = histogram('workqueue_queue_duration_seconds', 'How long names waited.', own)
  const worked = histogram('workqueue_work_duration_seconds', 'How long runs lasted.', own)
  const longest = gauge('workqueue_longest_running_processor_seconds', 'How long the longest run lasts by now.', own)
  const unfinished = gauge('workqueue_unfinished_work_seconds', 'How long the present runs last, together.', own)
  const runs = counter('controller_runtime_reconcile_total', 'Runs by result.', ['controller', 'result'])
  const errors = counter('controller_runtime_reconcile_errors_total', 'Runs that failed.', ['controller'])
  const givenUp = counter(
    'controller_runtime_terminal_reconcile_errors_total',
    'Runs that failed and are not repeated: there are none.',
    ['controller'],
  )
  const panics = counter('controller_runtime_reconcile_panics_total', 'Runs that met a bug.', ['controller'])
  const runSeconds = histogram('controller_runtime_reconcile_time_seconds', 'How long runs lasted.', ['controller'])
  const workersMax = gauge('controller_runtime_max_concurrent_reconciles', 'Runs at a time, at most.', ['controller'])
  const active = gauge('controller_runtime_active_workers', 'Runs right now.', ['controller'])
  const watched: (() => void)[] = []
  return {
    forQueue: (name, workers) => {
      const labels = { name, controller: name }
      workersMax.set({ controller: name }, workers)
      adds.inc(labels, 0)
      retries.inc(labels, 0)
      for (const failed of [errors, givenUp, panics]) failed.inc({ controller: name }, 0)
      for (const result of results) runs.inc({ controller: name, result }, 0)
      return {
        depth: (waiting) => depth.set(labels, waiting),
        added: () => adds.inc(labels),
        retried: () => retries.inc(labels),
        waited: (seconds) => waited.observe(labels, seconds),
        worked: (seconds, result) => {
          worked.observe(labels, seconds)
          runSeconds.observe({ controller: name }, seconds)
          runs.inc({ controller: name, result })
          if (result === 'error') errors.inc({ controller: name })
        },
        panicked: () => panics.inc({ controller: name }),
        active: (now) => active.set({ controller: name }, now),
      }
    },
    watchQueue: (name, queue) => {
      const labels = { name, controller: name }
      watched.push(() => {
        const { longestSeconds, totalSeconds } = queue()?.running() ?? { longestSeconds: 0, totalSeconds: 0 }
        longest.set(labels, longestSeconds)
        unfinished.set(labels, totalSeconds)
      })
    },
    look: () => {
      for (const read of watched) read()
    },
  }
}
