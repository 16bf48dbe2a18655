import type { WorkQueueMetrics } from '@millrace/kube'
import { type CallMetrics, createCallMetrics } from './call-metrics.ts'
import { createFamilies } from './metric-families.ts'
import { createQueueMetrics, type QueueMetrics } from './queue-metrics.ts'
import type { RolloutCounts } from './rollout-turns.ts'
import type { ScaleSeries } from './scale-series.ts'

/** What the controller counts, in controller-runtime's and client-go's names where those exist. */
export interface Metrics extends CallMetrics, Omit<QueueMetrics, 'look'> {
  leader(isLeader: boolean): void
  /** Files with the certificate of the webhook were looked at. */
  certificateRead(isUsable: boolean): void
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
  panicked: () => {},
  active: () => {},
}

/** Counts nothing: nobody asks. */
export const noMetrics: Metrics = {
  forQueue: () => noQueueMetrics,
  watchQueue: () => {},
  answered: () => {},
  webhook: () => () => {},
  certificateRead: () => {},
  leader: () => {},
  configProblems: () => {},
  capability: () => {},
  autoscalerSettings: () => {},
  scale: () => {},
  rollouts: () => {},
  render: async () => ({ contentType: 'text/plain', text: '' }),
}

export async function createMetrics(): Promise<Metrics> {
  const { registry, families } = await createFamilies()
  const { counter, gauge } = families
  const queues = createQueueMetrics(families)
  const leader = gauge('leader_election_master_status', '1 while this process leads.', ['name'])
  const reads = counter('certwatcher_read_certificate_total', 'Looks at files with a certificate.', [])
  const readErrors = counter('certwatcher_read_certificate_errors_total', 'Looks that found no usable one.', [])
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
  const capability = gauge('millrace_capability', '1 where the cluster serves it.', ['name'])

  return {
    ...queues,
    ...createCallMetrics(families),
    leader: (isLeader) => leader.set({ name: 'millrace-controller' }, isLeader ? 1 : 0),
    certificateRead: (isUsable) => {
      reads.inc()
      if (!isUsable) readErrors.inc()
    },
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
      queues.look()
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}
