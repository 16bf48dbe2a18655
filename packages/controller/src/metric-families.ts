import type { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Makes metrics of one registry. */
export interface Families {
  counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L>
  gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L>
  /** Of seconds. */
  histogram<L extends string>(name: string, help: string, labelNames: readonly L[]): Histogram<L>
}

const secondsBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Loads prom-client, which costs 40 ms and 16 MB: only for those who scrape. */
export async function createFamilies(): Promise<{ readonly registry: Registry; readonly families: Families }> {
  const prometheus = await import('prom-client')
  const registry = new prometheus.Registry()
  const registers = [registry]
  prometheus.collectDefaultMetrics({ register: registry })
  const families: Families = {
    counter: (name, help, labelNames) => new prometheus.Counter({ name, help, labelNames, registers }),
    gauge: (name, help, labelNames) => new prometheus.Gauge({ name, help, labelNames, registers }),
    histogram: (name, help, labelNames) =>
      new prometheus.Histogram({ name, help, labelNames, buckets: secondsBuckets, registers }),
  }
  return { registry, families }
}
