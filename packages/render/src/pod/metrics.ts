import { containerNames, httpPort, prometheusKeys, userKeys } from '../keys.ts'
import { editContainer, setEnv } from './container-edit.ts'
import type { PodTemplate } from './shape.ts'

/** `metricsAggregator` of the configuration. */
export interface MetricsSettings {
  readonly enableMetricAggregation: boolean
  readonly enablePrometheusScraping: boolean
}

/** Port at which Knative's proxy serves its own metrics and the server's together. */
const aggregatePort = 9088
/** Port at which Knative's proxy serves its own metrics. */
const proxyPort = 9091

/** Tells Knative's proxy to serve the server's metrics with its own, and Prometheus where to scrape. */
export function addMetrics(pod: PodTemplate, settings: MetricsSettings): PodTemplate {
  const given = pod.metadata.annotations
  const aggregates = given[userKeys.enableMetricAggregation] ?? String(settings.enableMetricAggregation)
  const scrapes = given[userKeys.enablePrometheusScraping] ?? String(settings.enablePrometheusScraping)
  const annotations = {
    ...given,
    [userKeys.enableMetricAggregation]: aggregates,
    [userKeys.enablePrometheusScraping]: scrapes,
    ...(scrapes === 'true'
      ? {
          [prometheusKeys.port]: String(aggregates === 'true' ? aggregatePort : proxyPort),
          [prometheusKeys.path]: '/metrics',
        }
      : {}),
  }
  const spec = aggregates === 'true' ? aggregateInProxy(pod) : pod.spec
  return { metadata: { ...pod.metadata, annotations }, spec }
}

function aggregateInProxy(pod: PodTemplate): PodTemplate['spec'] {
  const { annotations } = pod.metadata
  return editContainer(pod.spec, containerNames.queueProxy, (container) => {
    const withEnv = setEnv(container, [
      {
        name: 'KSERVE_CONTAINER_PROMETHEUS_METRICS_PORT',
        value: annotations[userKeys.prometheusContainerPort] ?? String(httpPort),
      },
      {
        name: 'KSERVE_CONTAINER_PROMETHEUS_METRICS_PATH',
        value: annotations[userKeys.prometheusContainerPath] ?? '/metrics',
      },
      { name: 'AGGREGATE_PROMETHEUS_METRICS_PORT', value: String(aggregatePort) },
    ])
    if (withEnv.ports?.some((port) => port.name === 'aggr-metric')) return withEnv
    const port = { name: 'aggr-metric', containerPort: aggregatePort, protocol: 'TCP' }
    return { ...withEnv, ports: [...(withEnv.ports ?? []), port] }
  })
}
