import { createSeededRandom, type VirtualClock } from '@millrace/testkit'
import type { Truth } from './as-rendered.ts'
import { type Cluster, createCluster } from './cluster-of-products.ts'
import { createSeededFaults, type FaultRates, type SeededFaults } from './fault-choices.ts'
import { createLook, type Look } from './look.ts'
import { comeToRest, promisesAtRest } from './promises-at-rest.ts'
import type { UserContext } from './user-context.ts'
import { createVersions } from './wishes.ts'
import { HotLoop, type TracedCall } from './traced-calls.ts'
import { createWorld, seedOf, type World, type WorldOptions } from './world.ts'

/** A cluster that is watched over: what breaks a promise is kept, with the moment. */
export interface Simulation {
  readonly world: World
  readonly cluster: Cluster
  readonly context: UserContext
  readonly broken: string[]
  /** What was done, in order. */
  readonly story: readonly string[]
  tell(what: string): void
  /** Lets time pass, and looks at all that happened in it. */
  run(ms: number): Promise<void>
  /** No more faults from outside. */
  calm(): void
  /** The promises that hold at rest. */
  checkRest(): Promise<void>
  /** A while (absent: an hour) in which nothing may be written. */
  checkSilence(ms?: number): Promise<void>
  /** A new process finds everything as it shall be. */
  checkRestart(): Promise<void>
  /** Tells two runs apart: every call of everybody, its time and its answer. */
  digest(): string
  close(): Promise<void>
}

export interface SimulationOptions extends Omit<WorldOptions, 'workloadFaults'> {
  /** Trouble by chance, for the controller and for the workload controllers; absent: what `faults` say, or none. */
  readonly rates?: FaultRates
  /** Told what is done, as it is done. */
  readonly onStory?: (what: string) => void
  /** Told every call that reached the server. */
  readonly onCall?: (call: TracedCall) => void
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** Watches end and begin anew, and discovery is asked: about so many calls an hour are no hot loop. */
const readsPerHourMax = 1_500

export async function createSimulation(options: SimulationOptions): Promise<Simulation> {
  const { rates } = options
  const faults: SeededFaults[] = []
  const chance = (who: string, chosen: FaultRates) => (clock: VirtualClock) => {
    const random = createSeededRandom(seedOf(options.seed, `faults of ${who}`))
    const source = createSeededFaults(random, chosen, clock)
    faults.push(source)
    return source
  }
  const world = await createWorld({
    ...options,
    ...(rates ? { faults: chance('controller', rates), workloadFaults: chance('workloads', rates) } : {}),
  })
  const cluster = createCluster(world)
  const story: string[] = []
  const broken: string[] = []
  const look = createLook(world, { story, broken, onCall: options.onCall })
  const context: UserContext = {
    world,
    random: world.random('user'),
    versions: createVersions(),
    cluster,
    refusals: [],
    report: look.report,
  }
  const truth = (): Truth => ({ client: world.client, cluster, config: look.config() })
  const run = (ms: number): Promise<void> => letPass(world, look, ms)
  const report = (name: string, faultsFound: readonly string[]): void => {
    for (const fault of faultsFound) look.report(name, fault)
  }
  return {
    world,
    cluster,
    context,
    broken,
    story,
    tell: (what) => {
      story.push(what)
      options.onStory?.(`${new Date(world.clock.now()).toISOString().slice(11, 19)} ${what}`)
    },
    run,
    calm: () => {
      for (const one of faults) one.stop()
    },
    checkRest: async () => {
      const rest = await comeToRest(truth())
      look.look()
      for (const { name, check } of promisesAtRest) report(name, await check(rest))
    },
    checkSilence: async (ms = hourMs) => {
      look.startCounting()
      await run(ms)
      const { writes, platformWrites, reads } = look.counted()
      report('silent at rest', writes.slice(0, 5))
      report('the platform is silent at rest', platformWrites.slice(0, 5))
      const readsMax = (readsPerHourMax * ms) / hourMs
      if (reads > readsMax) report('silent at rest', [`${reads} reads, more than ${readsMax}`])
    },
    checkRestart: async () => {
      await world.process?.stop()
      look.startCounting()
      look.restarted()
      await world.startProcess()
      await run(5 * minuteMs)
      report('a restart writes nothing', look.counted().writes.slice(0, 5))
    },
    digest: look.digest,
    close: async () => {
      await cluster.close()
      await world.close()
    },
  }
}

async function letPass(world: World, look: Look, ms: number): Promise<void> {
  try {
    await world.run(ms)
  } catch (error) {
    if (error instanceof HotLoop) {
      look.report('comes to rest', error.message)
      world.trace.length = 0
      world.process?.transport.die()
    }
    throw error
  }
  look.look()
}
