/** KServe's histograms, by the name that its servers publish them under. */
export const stages = [
  'request_preprocess_seconds',
  'request_predict_seconds',
  'request_postprocess_seconds',
  'request_explain_seconds',
] as const

export type Stage = (typeof stages)[number]

const help: Readonly<Record<Stage, string>> = {
  request_preprocess_seconds: 'pre-process request latency',
  request_predict_seconds: 'predict request latency',
  request_postprocess_seconds: 'post-process request latency',
  request_explain_seconds: 'explain request latency',
}

/** The Python client's default buckets, which KServe's servers have. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

interface Histogram {
  readonly counts: number[]
  sum: number
}

/**
 * What `/metrics` tells, in Prometheus' text format. Hand-made because a metrics library costs more at start than the
 * whole server, and this is all it would be used for. Models are few and named by the operator, so labels are bounded.
 */
export interface Metrics {
  readonly observe: (stage: Stage, model: string, seconds: number) => void
  readonly format: () => string
}

export function createMetrics(): Metrics {
  const histograms = new Map<Stage, Map<string, Histogram>>()
  return {
    observe(stage, model, seconds) {
      const byModel = histograms.get(stage) ?? new Map<string, Histogram>()
      if (byModel.size === 0) histograms.set(stage, byModel)
      const histogram = byModel.get(model) ?? { counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 }
      if (histogram.sum === 0) byModel.set(model, histogram)
      const found = bounds.findIndex((bound) => seconds <= bound)
      const bucket = found === -1 ? bounds.length : found
      histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1
      histogram.sum += seconds
    },
    format: () =>
      [...stages.flatMap((stage) => formatStage(stage, histograms.get(stage))), ...formatProcess()].join('\n'),
  }
}

function formatStage(stage: Stage, byModel: ReadonlyMap<string, Histogram> | undefined): string[] {
  const lines = [`# HELP ${stage} ${help[stage]}`, `# TYPE ${stage} histogram`]
  for (const [model, { counts, sum }] of byModel ?? []) {
    const label = `model_name="${model.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
    let total = 0
    for (const [i, count] of counts.entries()) {
      total += count
      lines.push(`${stage}_bucket{${label},le="${bounds[i] ?? '+Inf'}"} ${total}`)
    }
    lines.push(`${stage}_count{${label}} ${total}`, `${stage}_sum{${label}} ${sum}`)
  }
  return lines
}

function formatProcess(): string[] {
  const { user, system } = process.cpuUsage()
  return [
    '# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.',
    '# TYPE process_cpu_seconds_total counter',
    `process_cpu_seconds_total ${(user + system) / 1e6}`,
    '# HELP process_resident_memory_bytes Resident memory size in bytes.',
    '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    '# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.',
    '# TYPE process_start_time_seconds gauge',
    `process_start_time_seconds ${(performance.timeOrigin / 1000).toFixed(3)}`,
    '',
  ]
}
