import type { KubeObject } from '@millrace/kube'
import { userKeys } from '../keys.ts'
import type { Owner, Workload } from '../plan.ts'
import type { Settings } from '../settings.ts'
import { child } from './child.ts'

/** A collector beside each pod of a workload, which passes the named metrics on to the scaler. */
export function otelCollector(
  owner: Owner,
  workload: Workload,
  metricNames: readonly string[],
  settings: Settings,
): KubeObject {
  const collector = settings.opentelemetryCollector
  const port = workload.annotations[userKeys.prometheusContainerPort] ?? '8080'
  const attribute = (name: string) => `set(attributes["${name}"], resource.attributes["k8s.${name}.name"])`
  const processors = ['resourcedetection/env', 'transform', 'filter/metrics']
  const scrape = {
    job_name: 'otel-collector',
    scrape_interval: collector.scrapeInterval,
    static_configs: [{ targets: [`localhost:${port}`] }],
  }
  const meta = { name: workload.name, annotations: workload.annotations }
  return child(owner, 'opentelemetry.io/v1beta1', 'OpenTelemetryCollector', meta, {
    spec: {
      mode: 'sidecar',
      ...resources(collector.resource),
      config: {
        receivers: { prometheus: { config: { scrape_configs: [scrape] } } },
        processors: {
          'resourcedetection/env': { detectors: ['env'], timeout: '2s', override: false },
          transform: {
            metric_statements: [
              { context: 'datapoint', statements: ['namespace', 'deployment', 'pod'].map(attribute) },
            ],
          },
          'filter/metrics': { metrics: { include: { match_type: 'strict', metric_names: metricNames } } },
        },
        exporters: {
          otlp: { endpoint: collector.metricReceiverEndpoint, compression: 'none', tls: { insecure: true } },
        },
        service: { pipelines: { metrics: { receivers: ['prometheus'], processors, exporters: ['otlp'] } } },
      },
    },
  })
}

function resources(given: Settings['opentelemetryCollector']['resource']): object {
  const requests = {
    ...(given.cpuRequest ? { cpu: given.cpuRequest } : {}),
    ...(given.memoryRequest ? { memory: given.memoryRequest } : {}),
  }
  const limits = {
    ...(given.cpuLimit ? { cpu: given.cpuLimit } : {}),
    ...(given.memoryLimit ? { memory: given.memoryLimit } : {}),
  }
  return { resources: { requests, limits } }
}
