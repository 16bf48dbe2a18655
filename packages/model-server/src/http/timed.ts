import type { Metrics, Stage } from '../metrics.ts'

export interface Timed {
  <T>(stage: Stage, work: () => T): T
  readonly async: <T>(stage: Stage, work: () => T | Promise<T>) => Promise<T>
}

/** Runs parts of a request and tells the metrics how long each took, also when it failed. */
export function timed(metrics: Metrics, model: string): Timed {
  const sync = <T>(stage: Stage, work: () => T): T => {
    const start = performance.now()
    try {
      return work()
    } finally {
      metrics.observe(stage, model, (performance.now() - start) / 1000)
    }
  }
  const async = async <T>(stage: Stage, work: () => T | Promise<T>): Promise<T> => {
    const start = performance.now()
    try {
      return await work()
    } finally {
      metrics.observe(stage, model, (performance.now() - start) / 1000)
    }
  }
  return Object.assign(sync, { async })
}
