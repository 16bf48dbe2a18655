import { spawnSync } from 'node:child_process'
import { against, type BenchPart, median } from '../bench-part.ts'
import { startUp } from '../start-up.ts'

const rounds = 3

/** From the start of the launcher to answers, on a checkout that has been started before. */
export const startTimes: BenchPart = {
  name: 'start-times',
  title: 'Start of the platform with the examples',
  timeoutMs: 90_000,
  run: async (session) => {
    const cold: { platform: number; first: number; all: number }[] = []
    const again: { platform: number; all: number }[] = []
    const bare: number[] = []
    // Compiled code is kept from the first start on: the one before the rounds makes the checkout warm.
    const warmUp = await startUp(session, session.directory())
    await session.stop(warmUp.child)
    for (let round = 0; round < rounds; round++) {
      bare.push(bareStartMs())
      const dataDir = session.directory()
      const first = await startUp(session, dataDir)
      await session.stop(first.child)
      cold.push({ platform: first.platformReadyMs, first: first.firstPredictionMs, all: first.allAnsweredMs })
      const second = await startUp(session, dataDir)
      await session.stop(second.child)
      again.push({ platform: second.platformReadyMs, all: second.allAnsweredMs })
    }
    const yardstick = median(bare)
    const of = 'start of a bare Node'
    const row = (name: string, values: readonly number[]) => against(name, median(values), 'ms', yardstick, of)
    return [
      row(
        'new data directory: platform ready',
        cold.map((one) => one.platform),
      ),
      row(
        'new data directory: first prediction',
        cold.map((one) => one.first),
      ),
      row(
        'new data directory: all four models answered',
        cold.map((one) => one.all),
      ),
      row(
        'restart: platform ready',
        again.map((one) => one.platform),
      ),
      row(
        'restart: all four models answered',
        again.map((one) => one.all),
      ),
      { name: 'start of a bare Node (node -e 0)', value: yardstick, unit: 'ms' },
    ]
  },
}

function bareStartMs(): number {
  const startedMs = performance.now()
  spawnSync(process.execPath, ['-e', '0'])
  return performance.now() - startedMs
}
