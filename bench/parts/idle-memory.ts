import { setTimeout as sleep } from 'node:timers/promises'
import { against, type BenchPart, type Figure, median } from '../bench-part.ts'
import { printed, type Session } from '../session.ts'
import { cpuMsOf, footprintBytes, processMemory, processTree, type ProcessMemory } from '../process-facts.ts'
import { startUp } from '../start-up.ts'

const rounds = 2
const idleMs = 10_000
const mebibyte = 2 ** 20

/** Memory of the platform and of the four model servers of the examples, some seconds after the last request. */
export const idleMemory: BenchPart = {
  name: 'idle-memory',
  title: `Resident memory, ${idleMs / 1000} s after the last request`,
  timeoutMs: 90_000,
  run: async (session) => {
    const samples: Map<string, ProcessMemory>[] = []
    const cpuMsPerSecond: number[] = []
    for (let round = 0; round < rounds; round++) {
      const platform = await startUp(session, session.directory())
      await sleep(idleMs / 2, undefined, { signal: session.signal })
      const cpuMs = cpuMsOf(platform.pid)
      await sleep(idleMs / 2, undefined, { signal: session.signal })
      cpuMsPerSecond.push((cpuMsOf(platform.pid) - cpuMs) / (idleMs / 2000))
      const processes = processTree(platform.pid).map(processMemory)
      samples.push(new Map(processes.map((memory) => [roleOf(memory), memory])))
      await session.stop(platform.child)
    }
    const bare = await bareNode(session)
    const roles = [...(samples[0]?.keys() ?? [])].toSorted()
    const middle = (role: string, of: (memory: ProcessMemory) => number): number =>
      median(samples.flatMap((sample) => sample.get(role) ?? []).map(of)) / mebibyte
    const sum = (of: (memory: ProcessMemory) => number): number =>
      median(samples.map((sample) => [...sample.values()].reduce((total, memory) => total + of(memory), 0))) / mebibyte
    const footprint = median(samples.map((sample) => footprintBytes([...sample.values()]))) / mebibyte
    const own = (memory: ProcessMemory): number => memory.ownBytes
    const pss = (memory: ProcessMemory): number => memory.pssBytes
    const rss = (memory: ProcessMemory): number => memory.rssBytes
    return [
      ...roles.flatMap((role): Figure[] => [
        { name: `${role}: own memory`, value: middle(role, own), unit: 'MiB' },
        against(`${role}: RSS`, middle(role, rss), 'MiB', bare.rssBytes / mebibyte, 'RSS of a bare Node'),
      ]),
      { name: `all ${roles.length} together: own memory, and each file's pages once`, value: footprint, unit: 'MiB' },
      { name: `all ${roles.length}: sum of PSS`, value: sum(pss), unit: 'MiB' },
      { name: `all ${roles.length}: sum of RSS, shared pages counted each time`, value: sum(rss), unit: 'MiB' },
      { name: 'CPU of the idle platform', value: median(cpuMsPerSecond), unit: 'ms/s' },
      { name: 'a bare Node: RSS', value: bare.rssBytes / mebibyte, unit: 'MiB' },
    ]
  },
}

/** What a process is here, by its command line. */
function roleOf({ command }: ProcessMemory): string {
  const model = command.find((arg) => arg.startsWith('--model_name='))
  if (model !== undefined) return `model server ${model.slice('--model_name='.length)}`
  if (command.some((arg) => arg.includes('model-server'))) return 'model server onnx-digits'
  return command.some((arg) => arg.endsWith('packages/cli/src/main.ts')) ? 'platform' : command.join(' ')
}

async function bareNode(session: Session): Promise<ProcessMemory> {
  const child = session.start(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1e6)'])
  await printed(child, /up/, session.signal)
  await sleep(500)
  const memory = processMemory(child.pid ?? 0)
  await session.stop(child)
  return memory
}
