import type { WorkQueue, WorkQueueMetrics } from '@millrace/kube'
import type { RolloutCounts } from './rollout-turns.ts'
import type { ScaleSeries } from './scale-series.ts'

/** What the controller counts, in controller-runtime's and client-go's names where those exist. */
export interface Metrics {
  forQueue(name: string, workers: number): WorkQueueMetrics
  watchQueue(name: string, queue: () => WorkQueue | undefined): void
  leader(isLeader: boolean): void
  configProblems(count: number): void
  capability(name: string, isThere: boolean): void
  /** Where the autoscaler settings of the cluster come from. */
  autoscalerSettings(source: string): void
  /** All numbers of one object, instead of those given before. */
  scale(uid: string, series: readonly ScaleSeries[]): void
  rollouts(counts: RolloutCounts): void
  /** The text that Prometheus reads, and its content type. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>
}

const noQueueMetrics: WorkQueueMetrics = {
  depth: () => {},
  added: () => {},
  retried: () => {},
  waited: () => {},
  worked: () => {},
  active: () => {},
}

/** Counts nothing: nobody asks. */
export const noMetrics: Metrics = {
  forQueue: () => noQueueMetrics,
  watchQueue: () => {},
  leader: () => {},
  configProblems: () => {},
  capability: () => {},
  autoscalerSettings: () => {},
  scale: () => {},
  rollouts: () => {},
  render: async () => ({ contentType: 'text/plain', text: '' }),
}

const secondsBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Loads prom-client, which costs 40 ms and 16 MB: only for those who scrape. */
export async function createMetrics(): Promise<Metrics> {
  const { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } = await import('prom-client')
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Gauge({ name, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Histogram({ name, help, labelNames, buckets: secondsBuckets, registers })

  const depth = gauge('workqueue_depth', 'Names that wait.', ['name', 'controller'])
  const adds = counter('workqueue_adds_total', 'Names added.', ['name', 'controller'])
  const retries = counter('workqueue_retries_total', 'Runs that are to be repeated.', ['name', 'controller'])
  const waited = histogram('workqueue_queue_duration_seconds', 'How long names waited.', ['name', 'controller'])
  const worked = histogram('workqueue_work_duration_seconds', 'How long runs lasted.', ['name', 'controller'])
  const longest = gauge('workqueue_longest_running_processor_seconds', 'How long the longest run lasts by now.', [
    'name',
    'controller',
  ])
  const unfinished = gauge('workqueue_unfinished_work_seconds', 'How long the present runs last, together.', [
    'name',
    'controller',
  ])
  const runs = counter('controller_runtime_reconcile_total', 'Runs by result.', ['controller', 'result'])
  const errors = counter('controller_runtime_reconcile_errors_total', 'Runs that failed.', ['controller'])
  const runSeconds = histogram('controller_runtime_reconcile_time_seconds', 'How long runs lasted.', ['controller'])
  const workersMax = gauge('controller_runtime_max_concurrent_reconciles', 'Runs at a time, at most.', ['controller'])
  const active = gauge('controller_runtime_active_workers', 'Runs right now.', ['controller'])
  const leader = gauge('leader_election_master_status', '1 while this process leads.', ['name'])
  const configProblems = gauge(
    'millrace_config_problems',
    'Mistakes in inferenceservice-config for which a last good or default value stands in.',
    [],
  )
  const scaleLabels = ['kind', 'namespace', 'name', 'component']
  const scales = {
    decided: gauge(
      'millrace_scale_decided',
      'Bounds of Knative revisions, and who decided them; a max of 0 is no limit.',
      [...scaleLabels, 'bound', 'source'],
    ),
    configured: gauge(
      'millrace_initial_replicas_configured',
      'With how many pods the newest revision shall begin.',
      scaleLabels,
    ),
    observed: gauge(
      'millrace_initial_replicas_observed',
      'How many pods the newest revision had when it became ready; absent where that was before this process.',
      scaleLabels,
    ),
    violation: gauge(
      'millrace_max_scale_violation',
      '1 while the maximum is over the limit of the cluster (OverLimit), or more pods run than the maximum (Exceeded).',
      [...scaleLabels, 'reason'],
    ),
  }
  const scaleOf = new Map<string, readonly ScaleSeries[]>()
  const settings = gauge(
    'millrace_autoscaler_settings',
    '1 for the source of the autoscaler settings that is in use.',
    ['source'],
  )
  const rollouts = gauge(
    'millrace_rollout_services',
    'Services that a change which is not their own replaces the pods of: under way, waiting for their turn, failed.',
    ['state'],
  )
  const watched: (() => void)[] = []
  const capability = gauge('millrace_capability', '1 where the cluster serves it.', ['name'])

  return {
    forQueue: (name, workers) => {
      const labels = { name, controller: name }
      workersMax.set({ controller: name }, workers)
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
        active: (workers) => active.set({ controller: name }, workers),
      }
    },
    watchQueue: (name, queue) => {
      const labels = { name, controller: name }
      const read = () => queue()?.running() ?? { longestSeconds: 0, totalSeconds: 0 }
      watched.push(() => {
        const { longestSeconds, totalSeconds } = read()
        longest.set(labels, longestSeconds)
        unfinished.set(labels, totalSeconds)
      })
    },
    leader: (isLeader) => leader.set({ name: 'millrace-controller' }, isLeader ? 1 : 0),
    configProblems: (count) => configProblems.set(count),
    capability: (name, isThere) => capability.set({ name }, isThere ? 1 : 0),
    autoscalerSettings: (source) => {
      settings.reset()
      settings.set({ source }, 1)
    },
    scale: (uid, series) => {
      for (const { metric, labels } of scaleOf.get(uid) ?? []) scales[metric].remove(labels)
      for (const { metric, labels, value } of series) scales[metric].set(labels, value)
      if (series.length > 0) scaleOf.set(uid, series)
      else scaleOf.delete(uid)
    },
    rollouts: ({ rolling, waiting, failed }) => {
      rollouts.set({ state: 'rolling' }, rolling)
      rollouts.set({ state: 'waiting' }, waiting)
      rollouts.set({ state: 'failed' }, failed.length)
    },
    render: async () => {
      for (const look of watched) look()
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}
