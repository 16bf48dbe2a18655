import type { Pod } from './pod.ts'
import type { Usage } from './usage-sampler.ts'

/** `/stats/summary` in the kubelet's shape (stats/v1alpha1), as far as processes can be measured. */
export function usageSummary(nodeName: string, usage: readonly Usage[], pods: readonly Pod[]): object {
  const byPod = new Map<string, Usage[]>()
  for (const sample of usage) byPod.set(sample.pod.uid, [...(byPod.get(sample.pod.uid) ?? []), sample])
  return {
    node: { nodeName, ...totals(usage) },
    pods: [...byPod.values()].flatMap((samples) => {
      const [first] = samples
      if (!first) return []
      const { namespace, name, uid } = first.pod
      const startTime = pods.find(({ metadata }) => metadata.uid === uid)?.status?.startTime
      const containers = samples.map((sample) => ({ name: sample.container, ...totals([sample]) }))
      return [{ podRef: { namespace, name, uid }, ...(startTime && { startTime }), containers, ...totals(samples) }]
    }),
  }
}

function totals(samples: readonly Usage[]): object {
  const time = new Date(Math.max(0, ...samples.map((sample) => sample.time))).toISOString()
  const bytes = sum(samples.map(({ residentBytes }) => residentBytes))
  const cores = samples.map(({ cpuCores }) => cpuCores).filter((value) => value !== undefined)
  return {
    cpu: {
      time,
      usageCoreNanoSeconds: Math.round(sum(samples.map(({ cpuSeconds }) => cpuSeconds)) * 1e9),
      ...(cores.length > 0 && { usageNanoCores: Math.round(sum(cores) * 1e9) }),
    },
    memory: { time, workingSetBytes: bytes, rssBytes: bytes },
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
