import type { Renderer } from '@millrace/controller'
import {
  type Admit,
  type Client,
  createClient,
  createInformers,
  fixedConnection,
  type Log,
  reviewAdmission,
  type Transport,
} from '@millrace/kube'
import { startWorkloadControllers } from '@millrace/standalone'
import { createSeededRandom, createVirtualClock, type SeededRandom, type VirtualClock } from '@millrace/testkit'
import { type ControllerProcess, runUntil, startControllerProcess } from './controller-process.ts'
import { createFaultyTransport, type Faults, noFaults } from './faulty-transport.ts'
import { createHistory, type History } from './history.ts'
import { install, observed } from './installation.ts'
import { createMortalTransport } from './mortal-transport.ts'
import { openSimulatedApiServer } from './simulated-api-server.ts'
import { type SimulatedNode, startSimulatedNode } from './simulated-node.ts'
import { throwIfHot, traceCalls, type TracedCall } from './traced-calls.ts'

export interface WorldOptions {
  readonly seed: number
  /** What the controller's connection suffers. */
  readonly faults?: (clock: VirtualClock) => Faults
  /** What the connection of the workload controllers suffers. */
  readonly workloadFaults?: (clock: VirtualClock) => Faults
  /** A faulty pure core, to see that its faults are found. */
  readonly renderer?: Renderer
  /** A faulty connection, likewise. */
  readonly transport?: (inner: Transport) => Transport
  /** Faulty admission, likewise. */
  readonly admit?: (inner: Admit) => Admit
  /** The schemas without descriptions and pods: quicker to begin with. */
  readonly crdVariant?: 'full' | 'minimal'
}

/** A cluster in this process, with a controller that may die and come again. Time is its own. */
export interface World {
  readonly clock: VirtualClock
  /** Chance of its own for each purpose: a draw more here changes nothing there. */
  random(purpose: string): SeededRandom
  /** A connection that never fails: the user's, and the validators'. */
  readonly client: Client
  readonly node: SimulatedNode
  readonly history: History
  /** Every call since the last `trace.length = 0`. */
  readonly trace: TracedCall[]
  readonly lines: string[]
  readonly process: ControllerProcess | undefined
  startProcess(): Promise<ControllerProcess>
  /** Sets the clock of the controller's machine forward or back, now and for good. */
  jumpClock(ms: number): void
  run(ms: number): Promise<void>
  close(): Promise<void>
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const { seed } = options
  const trace: TracedCall[] = []
  const lines: string[] = []
  let busy = (): boolean => false
  let process: ControllerProcess | undefined
  const clock = createVirtualClock({
    isBusy: () => {
      throwIfHot(trace, lines)
      return busy()
    },
  })
  const random = (purpose: string): SeededRandom => createSeededRandom(seedOf(seed, purpose))
  const log = keepLines(lines, clock)
  const server = await openSimulatedApiServer({
    clock,
    random: random('server'),
    log: log('server'),
    callWebhook: async (_config, review) => {
      if (!process) throw new Error('connection refused')
      const { admit } = process.controller
      return reviewAdmission(structuredClone(review), options.admit?.(admit) ?? admit)
    },
  })
  busy = () => server.busy() > 0
  const traced = (who: string): Transport => traceCalls(server.transport, who, { clock, trace })
  const connect = (who: string, transport: Transport): Client =>
    createClient(fixedConnection({ server: 'https://127.0.0.1' }), {
      clock,
      random: random(`client of ${who}`).next,
      userAgent: who,
      transport,
    })
  const client = connect('user', traced('user'))
  const observing = connect('observer', server.transport)
  const informers = createInformers(observing, { clock, random: random('observer').next })
  const history = createHistory(informers)
  await install(client, options.crdVariant ?? 'full')
  for (const resource of observed) history.follow(resource)
  const node = startSimulatedNode(connect('node', traced('node')), clock, random('node'))
  const workloadClient = connect(
    'workloads',
    createFaultyTransport(traced('workloads'), clock, options.workloadFaults?.(clock) ?? noFaults),
  )
  const workloads = startWorkloadControllers(workloadClient, {
    clock,
    random: random('workloads').next,
    log: log('workloads'),
  })
  let starts = 0
  let jumpedMs = 0
  const faults = options.faults?.(clock) ?? noFaults
  const startProcess = async (): Promise<ControllerProcess> => {
    const name = `controller ${++starts}`
    const planted = options.transport?.(traced('controller')) ?? traced('controller')
    const transport = createMortalTransport(createFaultyTransport(planted, clock, faults))
    const own = await startControllerProcess(transport, clock, {
      client: connect('controller', transport),
      clock: { ...clock, now: () => clock.now() + jumpedMs },
      random: random(name).next,
      log: log(name),
      ...(options.renderer ? { renderer: options.renderer } : {}),
    })
    process = { ...own, stop: ended(own.stop), kill: ended(own.kill) }
    return process
  }
  const ended = (end: () => Promise<void>) => (): Promise<void> => {
    process = undefined
    return end()
  }
  const close = async (): Promise<void> => {
    await process?.stop()
    await runUntil(clock, workloads.close())
    await node.close()
    await informers.close()
    await server.close()
  }
  return {
    clock,
    random,
    client,
    node,
    history,
    trace,
    lines,
    get process() {
      return process
    },
    startProcess,
    jumpClock: (ms) => {
      jumpedMs += ms
    },
    run: (ms) => clock.advance(ms),
    close,
  }
}

const linesMax = 4_000

function keepLines(lines: string[], clock: VirtualClock): (who: string) => Log {
  return (who) => {
    const write =
      (level: string) =>
      (message: string, fields: object = {}): void => {
        const at = new Date(clock.now()).toISOString().slice(11, 23)
        lines.push(`${at} ${who} ${level} ${message} ${JSON.stringify(fields)}`)
        if (lines.length > linesMax) lines.splice(0, linesMax / 2)
      }
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  }
}

/** A seed of its own for each purpose: FNV-1a of the purpose, mixed with the seed. */
export function seedOf(seed: number, purpose: string): number {
  let hash = 0x811c9dc5 ^ seed
  for (const character of purpose) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return hash >>> 0
}
