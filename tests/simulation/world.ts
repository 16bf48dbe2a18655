import { crds, resources as serving, shippedConfig, shippedRuntimes } from '@millrace/api'
import {
  configurationName,
  type Renderer,
  startController,
  validatedRules,
  type Controller,
} from '@millrace/controller'
import {
  type Admit,
  type Call,
  type Client,
  type Clock,
  createClient,
  createInformers,
  fixedConnection,
  type KubeObject,
  type Log,
  resources,
  reviewAdmission,
  type Transport,
} from '@millrace/kube'
import { startWorkloadControllers } from '@millrace/standalone'
import { createSeededRandom, createVirtualClock, type SeededRandom, type VirtualClock } from '@millrace/testkit'
import { createFaultyTransport, type Faults, noFaults } from './faulty-transport.ts'
import { createHistory, type History } from './history.ts'
import { createMortalTransport, type MortalTransport } from './mortal-transport.ts'
import { openSimulatedApiServer } from './simulated-api-server.ts'
import { type SimulatedNode, startSimulatedNode } from './simulated-node.ts'

/** One call that reached the server, whoever made it. */
export interface TracedCall {
  readonly atMs: number
  readonly who: string
  readonly method: string
  readonly path: string
  /** 0: no answer. */
  readonly status: number
  readonly text: string
  readonly body: string | undefined
}

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

/** The controller as a process: what it has in memory dies with it. */
export interface ControllerProcess {
  readonly transport: MortalTransport
  readonly controller: Controller
  /** As SIGTERM: it may finish what it does. */
  stop(): Promise<void>
  /** As SIGKILL. */
  kill(): Promise<void>
}

export const controllerNamespace = 'kserve'
export const namespace = 'default'
const linesMax = 4_000

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
  const jumpingClock: Clock = { ...clock, now: () => clock.now() + jumpedMs }
  const faults = options.faults?.(clock) ?? noFaults
  const startProcess = async (): Promise<ControllerProcess> => {
    const name = `controller ${++starts}`
    const planted = options.transport?.(traced('controller')) ?? traced('controller')
    const transport = createMortalTransport(createFaultyTransport(planted, clock, faults))
    const controller = await startController({
      client: connect('controller', transport),
      clock: jumpingClock,
      random: random(name).next,
      log: log(name),
      ...(options.renderer ? { renderer: options.renderer } : {}),
    })
    const end = async (): Promise<void> => {
      if (process === own) process = undefined
      await runUntil(clock, controller.close())
    }
    const own: ControllerProcess = {
      transport,
      controller,
      stop: end,
      kill: async () => {
        transport.die()
        await end()
      },
    }
    process = own
    return own
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

/** Kinds whose every version is looked at. */
const observed = [
  serving.inferenceServices,
  serving.inferenceGraphs,
  serving.trainedModels,
  resources.configMaps,
  resources.services,
  resources.deployments,
  resources.horizontalPodAutoscalers,
  resources.podDisruptionBudgets,
  resources.ingresses,
  resources.pods,
  resources.events,
  resources.secrets,
]

/** What stands in every cluster before the first service. */
async function install(client: Client, variant: 'full' | 'minimal'): Promise<void> {
  const named = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  for (const definition of crds(variant))
    await client.create(resources.customResourceDefinitions, definition as unknown as KubeObject)
  for (const name of [controllerNamespace, 'knative-serving']) await client.create(resources.namespaces, named(name))
  for (const runtime of shippedRuntimes)
    await client.create(serving.clusterServingRuntimes, {
      ...(runtime as unknown as KubeObject),
      apiVersion: 'serving.kserve.io/v1alpha1',
      kind: 'ClusterServingRuntime',
    })
  await client.create(resources.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: controllerNamespace, name: 'inferenceservice-config' },
    data: shippedConfig,
  } as KubeObject)
  await client.create(resources.validatingWebhookConfigurations, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: configurationName },
    webhooks: [
      {
        name: `validate.${configurationName}`,
        clientConfig: { url: 'https://127.0.0.1/validate' },
        rules: validatedRules,
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  } as KubeObject)
}

function traceCalls(
  inner: Transport,
  who: string,
  { clock, trace }: { readonly clock: VirtualClock; readonly trace: TracedCall[] },
): Transport {
  const note = (call: Call, status: number, text: string): void => {
    const { method, path, body } = call
    trace.push({ atMs: clock.now(), who, method, path, status, text, body })
  }
  return {
    send: async (call, deadlineMs) => {
      const answer = await inner.send(call, deadlineMs)
      note(call, answer.status, answer.text)
      return answer
    },
    open: async (call) => {
      const answer = await inner.open(call)
      note(call, answer.status, '')
      return answer
    },
    close: () => inner.close(),
  }
}

/** So many calls in one moment are a loop that never waits, and would never end. */
const callsPerMomentMax = 1_000

function throwIfHot(trace: readonly TracedCall[], lines: readonly string[]): void {
  const [last, earlier] = [trace.at(-1), trace.at(-callsPerMomentMax)]
  if (!last || last.atMs !== earlier?.atMs) return
  const calls = trace.slice(-8).map(({ who, method, path, status }) => `${who}: ${method} ${path} → ${status}`)
  const said = [...calls, ...lines.slice(-12)].join('\n')
  throw new HotLoop(`${callsPerMomentMax} calls in one moment; the last of them, and of the log:\n${said}`)
}

/** Somebody calls and calls and never waits: the simulation ends here. */
export class HotLoop extends Error {}

/** Lets time pass until something is done that needs time to end. */
async function runUntil(clock: VirtualClock, done: Promise<unknown>): Promise<void> {
  let isDone = false
  void done.finally(() => {
    isDone = true
  })
  for (let step = 0; !isDone && step < 120; step++) await clock.advance(1_000)
  if (!isDone) throw new Error('something that was to end within two minutes did not')
  await done
}

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
