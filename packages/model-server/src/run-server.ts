import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerOptions } from './arguments/server-options.ts'
import { type HttpServer, startHttpServer } from './http/server.ts'
import type { Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { openModelRepository } from './model-repository.ts'

export interface RunningServer {
  readonly port: number
  readonly stop: () => Promise<void>
}

/** Requests stop coming this long after nobody routes here any more. */
const quietMs = 500
/** The longest that traffic may hold up a stop, and that one request may take after it. */
const drainMsMax = 15_000
const inFlightMsMax = 30_000

/**
 * Loads the models, then listens: whoever finds the port open finds the model ready. Rejects with `ModelUnreadable` or
 * the system's listen error.
 *
 *     stop()──not ready, answers close──▶ at least drainSeconds, then until quiet ──▶ port closed ──▶ in flight done
 */
export async function runServer(options: ServerOptions, log: Log): Promise<RunningServer> {
  const models = await openModelRepository(options, log)
  let isReady = true
  const server = await startHttpServer({
    host: options.host,
    port: options.httpPort,
    bodyBytesMax: options.bodyBytesMax,
    keepAliveSeconds: options.keepAliveSeconds,
    context: { models, metrics: createMetrics(), isReady: () => isReady },
    log,
  })
  for (const note of options.notes) log(note)
  log('serving', { host: options.host, port: server.port, models: models.names.join(',') })
  return {
    port: server.port,
    stop: async () => {
      isReady = false
      await drain(server, options.drainSeconds * 1000)
      await server.close(inFlightMsMax)
      await models.close()
    },
  }
}

async function drain(server: HttpServer, atLeastMs: number): Promise<void> {
  const start = performance.now()
  for (;;) {
    const now = performance.now()
    const isQuiet = now - start >= atLeastMs && now - server.lastRequest() >= Math.min(quietMs, atLeastMs)
    if (isQuiet || now - start >= Math.max(drainMsMax, atLeastMs)) return
    await sleep(50)
  }
}
