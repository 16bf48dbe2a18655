import cluster from 'node:cluster'
import type { Log } from './log.ts'

/** A worker that dies sooner than this after its start would only die again. */
const livesAtLeastMs = 10_000

/**
 * Runs this program `count` times behind one port and resolves with the exit code: the first worker that fails to start
 * ends them all with its own; one that dies later is replaced. SIGTERM and SIGINT are passed on. The primary holds no
 * model and answers nothing.
 */
export async function runWorkers(count: number, log: Log): Promise<number> {
  const starts = new Map<number, number>()
  let isStopping = false
  const fork = () => {
    // Workers end with their primary by Node's own channel, so the lifeline is the primary's alone.
    const worker = cluster.fork({ MILLRACE_WORKER: '1', MILLRACE_LIFELINE_FD: '' })
    starts.set(worker.id, performance.now())
  }
  const signalAll = (signal: NodeJS.Signals) => {
    isStopping = true
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal)
  }
  process.on('SIGTERM', () => signalAll('SIGTERM'))
  process.on('SIGINT', () => signalAll('SIGINT'))
  return await new Promise((resolve) => {
    let exitCode = 0
    cluster.on('exit', (worker, code) => {
      const lived = performance.now() - (starts.get(worker.id) ?? 0)
      starts.delete(worker.id)
      if (!isStopping && code !== 0 && lived < livesAtLeastMs) {
        exitCode = code
        signalAll('SIGTERM')
      } else if (!isStopping) {
        log('worker ended, starting another', { code })
        fork()
      }
      if (starts.size === 0) resolve(exitCode)
    })
    for (let i = 0; i < count; i++) fork()
  })
}
