import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'
import { type Client, type KubeObject, resources } from '@millrace/kube'
import { type BenchPart, median, quantile } from '../bench-part.ts'
import { cpuMsOf } from '../process-facts.ts'
import { printed } from '../session.ts'
import { startApiServer } from '../start-api-server.ts'

const watchers = 100
const rounds = 3
const slowWrites = 30
const burstWrites = 300
const inFlight = 64

/** One object changes, 100 watchers are told. */
export const watchFanOut: BenchPart = {
  name: 'watch-fan-out',
  title: `API server: ${watchers} watchers, median of ${rounds} rounds`,
  timeoutMs: 60_000,
  run: async (session) => {
    const server = await startApiServer(session)
    const client = await server.connect(inFlight)
    const child = session.startFile('bench/watchers.ts', [server.kubeconfig, String(watchers)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    await printed(child, /watching/, session.signal)
    let written = 0
    const told = { count: 0, wake: (): void => {} }
    child.on('message', (count: number) => {
      told.count = count
      told.wake()
    })
    const allTold = async (count: number): Promise<void> => {
      while (told.count < count) await new Promise<void>((resolve) => (told.wake = resolve))
    }
    const write = () => client.create(resources.configMaps, configMap(written++))
    const latencies: number[] = []
    const rates: number[] = []
    const cpuUs: number[] = []
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < slowWrites; turn++) {
        const startedMs = performance.now()
        await write()
        await allTold(written)
        latencies.push(performance.now() - startedMs)
      }
      const startedMs = performance.now()
      const cpuMs = cpuMsOf(server.pid)
      await writeMany(write)
      await allTold(written)
      rates.push((burstWrites * watchers * 1000) / (performance.now() - startedMs))
      cpuUs.push(((cpuMsOf(server.pid) - cpuMs) * 1000) / (burstWrites * watchers))
    }
    await end(client, child)
    return [
      { name: 'events delivered in a burst of writes', value: median(rates), unit: 'events/s' },
      { name: 'CPU of the server for one delivered event', value: median(cpuUs), unit: 'µs' },
      { name: 'one write: sent until the last watcher has it, p50', value: median(latencies), unit: 'ms' },
      { name: 'one write: sent until the last watcher has it, p99', value: quantile(latencies, 0.99), unit: 'ms' },
    ]
  },
}

async function writeMany(write: () => Promise<unknown>): Promise<void> {
  let left = burstWrites
  const worker = async (): Promise<void> => {
    while (left-- > 0) await write()
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}

async function end(client: Client, child: ChildProcess): Promise<void> {
  child.disconnect()
  await Promise.all([client.close(), once(child, 'exit')])
}

function configMap(number: number): KubeObject & { readonly data: Readonly<Record<string, string>> } {
  const metadata = { namespace: 'default', name: `fan-out-${number}` }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { payload: 'x'.repeat(1000) } }
}
