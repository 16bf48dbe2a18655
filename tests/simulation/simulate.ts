import { resources as serving, shippedConfig } from '@millrace/api'
import { resources } from '@millrace/kube'
import type { SeededRandom } from '@millrace/testkit'
import type { FaultRates } from './fault-choices.ts'
import { createSimulation, type Simulation, type SimulationOptions } from './simulation.ts'
import { type UserAction, userActions } from './user-actions.ts'
import { controllerNamespace, namespace } from './installation.ts'
import { HotLoop } from './traced-calls.ts'

export interface Round {
  readonly seed: number
  readonly broken: readonly string[]
  readonly story: readonly string[]
  readonly refusals: readonly string[]
  readonly digest: string
  /** The last lines of the log. */
  readonly lines: readonly string[]
}

export interface RoundOptions extends SimulationOptions {
  readonly actions?: number
}

const actionsDefault = 30
const minuteMs = 60_000
/** Longer than a rollout may take, and than a watch may be deaf before its end by its own clock is noticed. */
const convergeMs = 40 * minuteMs
const ratesDefault: FaultRates = { calls: 0.06, watches: 0.35, outages: 0.003 }

/** One story by chance, then calm: everything promised is looked at all the time, and once more at the end. */
export async function simulate(options: RoundOptions): Promise<Round> {
  const simulation = await createSimulation({ rates: ratesDefault, ...options })
  const { world, story, broken, context } = simulation
  try {
    await tellStory(simulation, options.actions ?? actionsDefault)
    await settleDown(simulation)
    await simulation.checkRest()
    await simulation.checkSilence()
    await simulation.checkRestart()
    await cleanUp(simulation)
  } catch (error) {
    if (!(error instanceof HotLoop)) throw error
  } finally {
    await simulation.close()
  }
  return {
    seed: options.seed,
    broken,
    story,
    refusals: context.refusals,
    digest: simulation.digest(),
    lines: world.lines.slice(-60),
  }
}

async function tellStory(simulation: Simulation, actions: number): Promise<void> {
  const { random } = simulation.context
  await simulation.world.startProcess()
  await simulation.run(5_000)
  for (let index = 0; index < actions; index++) {
    await act(simulation, pickAction(random))
    if (random.chance(0.15)) simulation.tell(await disturbProcess(simulation))
    await simulation.run(random.pick([0, 100, 1_000, 5_000, 20_000, 120_000]))
  }
}

async function act(simulation: Simulation, action: UserAction): Promise<void> {
  const done = await action.act(simulation.context)
  if (done !== undefined) simulation.tell(done)
}

function pickAction(random: SeededRandom): UserAction {
  const total = userActions.reduce((sum, { weight }) => sum + weight, 0)
  let left = random.below(total)
  for (const action of userActions) {
    left -= action.weight
    if (left < 0) return action
  }
  throw new Error('the weights of the actions do not add up')
}

/** The controller is stopped, killed, killed at one of its next calls, or away for a while; or its clock is set. */
async function disturbProcess({ world, run, context: { random } }: Simulation): Promise<string> {
  if (random.chance(0.2)) {
    const minutes = random.pick([-24 * 60, -60, -1, 1, 60, 24 * 60])
    world.jumpClock(minutes * minuteMs)
    return `set the controller's clock by ${minutes} minutes`
  }
  const { process } = world
  if (!process) {
    await world.startProcess()
    return 'start the controller'
  }
  const kind = random.pick(['stop', 'kill', 'kill at a call', 'kill at a call', 'away'] as const)
  if (kind === 'kill at a call') {
    const nth = process.transport.calls + 1 + random.below(25)
    const when = random.pick(['before', 'after'] as const)
    let isDead = false
    process.transport.dieAt(nth, when, () => {
      isDead = true
    })
    await run(30_000)
    // It had so little to do that the call did not come: then it ends now.
    await process.kill()
    await world.startProcess()
    return `kill the controller ${isDead ? `${when} call ${nth}` : 'while it waits'}`
  }
  if (kind === 'kill') await process.kill()
  else await process.stop()
  if (kind !== 'away') await world.startProcess()
  return `${kind} the controller`
}

/** The trouble ends, somebody mends the configuration, and there is time for everything. */
export async function settleDown(simulation: Simulation): Promise<void> {
  const { world, run } = simulation
  simulation.calm()
  const name = { namespace: controllerNamespace, name: 'inferenceservice-config' }
  const { ingress = '', deploy = '' } = shippedConfig
  await world.client.patch(resources.configMaps, name, 'merge', { data: { ingress, deploy } })
  if (!world.process) await world.startProcess()
  await run(convergeMs)
}

/** Everything is deleted; nothing may stay. */
async function cleanUp({ world, run, checkRest }: Simulation): Promise<void> {
  for (const resource of [serving.inferenceServices, serving.inferenceGraphs]) {
    for (const { metadata } of (await world.client.list(resource, { namespace })).items)
      await world.client.delete(resource, { namespace, name: metadata.name ?? '' })
  }
  await run(10 * minuteMs)
  await checkRest()
}
