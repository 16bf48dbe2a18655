import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import {
  type Admit,
  type AnswerFacts,
  type Client,
  type Clock,
  createEventRecorder,
  createInformers,
  type Log,
  silentLog,
  sleep,
  startLeaderElection,
  systemClock,
} from '@millrace/kube'
import { createLoop } from './loop.ts'
import { createMetrics, noMetrics } from './metrics.ts'
import { type Address, startPlainHttpServer } from './plain-http-server.ts'
import type { Renderer } from './reconcile.ts'
import { noSpan, type Tracing } from './tracing.ts'
import { startWebhook } from './webhook.ts'
import type { WebhookOptions } from './webhook-options.ts'

export interface ControllerOptions {
  readonly client: Client
  /** Where `inferenceservice-config` and the Lease are. */
  readonly controllerNamespace?: string
  /** Absent: all. */
  readonly namespaces?: readonly string[]
  /** Where Knative Serving is installed; absent: looked for. */
  readonly knativeNamespace?: string
  /** Absent: nothing is validated beyond the schemas of the CRDs. */
  readonly webhook?: WebhookOptions
  readonly metricsAddr?: Address
  readonly healthProbeAddr?: Address
  /** Absent: nobody traces. */
  readonly tracing?: Tracing | undefined
  /** Gives us the client's word of each answer of the API server, to be counted. */
  readonly answers?: (listener: (facts: AnswerFacts) => void) => void
  /** Take turns with others through a Lease. */
  readonly leaderElect?: boolean
  /** Services that are worked on at a time, of each kind. */
  readonly workers?: number
  /** Absent: the one there is. */
  readonly renderer?: Renderer
  readonly clock?: Clock
  readonly random?: () => number
  readonly log?: Log
}

export interface Controller {
  /** Resolves when the state of the cluster is in and services are looked after (by us or by whoever leads). */
  readonly ready: Promise<void>
  /** What the webhook answers, for those who share our process. */
  readonly admit: Admit
  readonly ports: { readonly metrics?: number; readonly health?: number; readonly webhook?: number }
  /** Finishes what is being worked on, gives the lease back, stops. */
  close(): Promise<void>
}

export const leaseName = 'millrace-controller'
/** Runs are bounded by the deadlines of their calls; one that lasts longer than this hangs. */
const runSecondsMax = 600
const flushMs = 2_000

/**
 * Starts to look after services. Resolves when its ports are open; nothing that the cluster lacks, refuses or says wrong makes
 * it fail or end later. Rejects when a port cannot be had or the given certificate cannot be read.
 */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const { client, clock = systemClock, random = Math.random, log = silentLog, controllerNamespace = 'kserve' } = options
  const metrics = options.metricsAddr ? await createMetrics() : noMetrics
  options.answers?.(metrics.answered)
  if (options.leaderElect) metrics.leader(false)
  const recorder = createEventRecorder({ client, component: 'millrace', clock, log })
  const trace = options.tracing?.root ?? noSpan
  const informers = createInformers(client, { clock, random, log })
  const loop = createLoop({ ...options, clock, random, log, controllerNamespace, metrics, recorder, informers, trace })
  const closers: (() => Promise<void>)[] = [
    async () => {
      const flushed = new AbortController()
      await Promise.race([recorder.flush(), sleep(clock, flushMs, flushed.signal)])
      flushed.abort()
      await recorder.close()
    },
    () => informers.close(),
    () => loop.close(),
  ]
  let isReady = false
  let waitsFor = () => loop.waitsFor()
  let isClosed = false
  const close = async () => {
    isReady = false
    isClosed = true
    for (const closer of closers.splice(0).toReversed()) await closer()
  }

  try {
    const webhook =
      options.webhook &&
      (await startWebhook(client, options.webhook, {
        admit: loop.admit,
        completePods: loop.completePods,
        onRequest: metrics.webhook,
        onCertificateRead: metrics.certificateRead,
        clock,
        random,
        log,
      }))
    if (webhook) closers.push(() => webhook.close())
    const metricsServer =
      options.metricsAddr &&
      (await startPlainHttpServer(options.metricsAddr, {
        '/metrics': async () => ({ status: 200, ...(await metrics.render()) }),
      }))
    if (metricsServer) closers.push(() => metricsServer.close())
    const healthServer =
      options.healthProbeAddr &&
      (await startPlainHttpServer(options.healthProbeAddr, {
        '/healthz': () => isHealthy(loop.longestRunSeconds()),
        '/readyz': () =>
          isReady ? { status: 200, text: 'ok\n' } : { status: 503, text: `not ready: ${waitsFor()}\n` },
      }))
    if (healthServer) closers.push(() => healthServer.close())

    const begin = async () => {
      await loop.started
      waitsFor = () => 'the webhook, which is not registered'
      // Closed before it had begun: nobody would ever end what began now.
      if (isClosed) return
      if (options.leaderElect) {
        const election = startLeaderElection({
          client,
          namespace: controllerNamespace,
          name: leaseName,
          identity: `${hostname()}_${randomUUID()}`,
          clock,
          random,
          log,
          lead: async () => {
            metrics.leader(true)
            const stop = loop.work()
            return async () => {
              metrics.leader(false)
              await stop()
            }
          },
        })
        closers.push(() => election.close())
      } else {
        const stop = loop.work()
        closers.push(stop)
      }
      await webhook?.registered
      isReady = !isClosed
    }
    return {
      ready: begin(),
      admit: loop.admit,
      ports: {
        ...(metricsServer && { metrics: metricsServer.port }),
        ...(healthServer && { health: healthServer.port }),
        ...(webhook && { webhook: webhook.port }),
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function isHealthy(longestRunSeconds: number): { readonly status: number; readonly text: string } {
  if (longestRunSeconds < runSecondsMax) return { status: 200, text: 'ok\n' }
  return { status: 500, text: `a run hangs for ${Math.round(longestRunSeconds)} s\n` }
}
