import { resources as serving } from '@millrace/api'
import { createNthFault } from './fault-choices.ts'
import type { CallFault } from './faulty-transport.ts'
import { createSimulation, type Simulation, type SimulationOptions } from './simulation.ts'
import { graphWish, modelUri, serviceWish } from './wishes.ts'
import { namespace } from './installation.ts'
import { HotLoop } from './traced-calls.ts'

export interface Life {
  /** Calls of the controller up to the moment from which nothing happened any more. */
  readonly calls: number
  readonly broken: readonly string[]
}

const second = 1_000
const minute = 60 * second
/** Longer than a call may take to be given up, and than the loop waits before it tries again. */
const convergeMs = 4 * minute

/**
 * One service and one graph from their creation to their end, so short that it can be lived once for every call that may fail.
 * `meanwhile` is done when the controller runs.
 */
async function live(options: SimulationOptions, meanwhile: (simulation: Simulation) => void): Promise<Life> {
  const simulation = await createSimulation({ crdVariant: 'minimal', ...options })
  const { world, run, broken } = simulation
  const { client } = world
  let calls = 0
  try {
    await world.startProcess()
    meanwhile(simulation)
    const first = world.process?.transport
    await run(3 * second)
    const wish = serviceWish('a', { model: { modelFormat: { name: 'sklearn' }, storageUri: modelUri(1) } })
    await client.create(serving.inferenceServices, wish)
    await client.create(serving.inferenceGraphs, graphWish('graph', ['a']))
    await run(10 * second)
    await client.patch(serving.inferenceServices, { namespace, name: 'a' }, 'merge', anotherModelAndHidden)
    await run(20 * second)
    calls = first?.calls ?? 0
    await run(convergeMs)
    await simulation.checkRest()
    await simulation.checkSilence(3 * minute)
    await client.delete(serving.inferenceGraphs, { namespace, name: 'graph' })
    await client.delete(serving.inferenceServices, { namespace, name: 'a' })
    await run(minute)
    await simulation.checkRest()
  } catch (error) {
    if (!(error instanceof HotLoop)) throw error
  } finally {
    await simulation.close()
  }
  return { calls, broken }
}

/** Something to roll out, and something to delete. */
const anotherModelAndHidden = {
  metadata: { labels: { 'networking.kserve.io/visibility': 'cluster-local' } },
  spec: { predictor: { model: { storageUri: modelUri(2) } } },
}

export function liveInPeace(): Promise<Life> {
  return live({ seed: 1 }, () => {})
}

/** The `nth` call of the controller fails. */
export function liveWithFault(nth: number, fault: CallFault): Promise<Life> {
  return live({ seed: 1, faults: () => createNthFault(nth, fault) }, () => {})
}

/** The controller dies with its `nth` call, and another one takes its place a moment later. */
export function liveWithCrash(nth: number, when: 'before' | 'after'): Promise<Life> {
  return live({ seed: 1 }, ({ world }) => {
    const { process } = world
    process?.transport.dieAt(nth, when, () => {
      world.clock.setTimeout(() => void process.kill().then(() => world.startProcess()), second)
    })
  })
}
