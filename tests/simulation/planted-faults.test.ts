import assert from 'node:assert/strict'
import test from 'node:test'
import { nonsense } from './nonsense.ts'
import { askForAllNonsense, laxAdmission, plantedFaults } from './planted-faults.ts'
import type { Plant } from './plants.ts'
import { createSimulation, type Simulation } from './simulation.ts'
import { HotLoop } from './traced-calls.ts'

const minuteMs = 60_000

/** What is broken when a story is told to a controller with a fault in it, or to a sound one. */
async function tell(story: (simulation: Simulation) => Promise<void>, plant: Plant): Promise<readonly string[]> {
  const simulation = await createSimulation({ seed: 1, crdVariant: 'minimal', ...plant })
  try {
    await simulation.world.startProcess()
    await simulation.run(3_000)
    await story(simulation)
    await simulation.run(15 * minuteMs)
    await simulation.checkRest()
    await simulation.checkSilence(10 * minuteMs)
    await simulation.checkRestart()
  } catch (error) {
    if (!(error instanceof HotLoop)) throw error
  } finally {
    await simulation.close()
  }
  return simulation.broken
}

for (const { name, promise, story, plant } of plantedFaults) {
  test(`finds it when ${name}`, async () => {
    assert.deepEqual(await tell(story, {}), [])
    const broken = await tell(story, plant())
    assert.ok(
      broken.some((one) => one.startsWith(`[${promise}]`)),
      `“${promise}” is not broken, but: ${broken.join('\n')}`,
    )
  })
}

test('finds it when nonsense is taken', async () => {
  assert.deepEqual(await tell(askForAllNonsense, {}), [])
  const taken = (await tell(askForAllNonsense, laxAdmission)).filter((one) => one.includes(' was taken '))
  assert.equal(taken.length, nonsense.filter(({ seenBy }) => seenBy === 'admission').length)
})
