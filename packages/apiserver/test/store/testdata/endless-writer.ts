// Writes until it is killed, and prints `key value` for every write that was acknowledged.
import { openDurableStore } from '../../../src/store/durable-store.ts'

const [directory = '', round = '0'] = process.argv.slice(2)
const store = await openDurableStore({ directory, compactAfterBytes: 30_000 })
let value = Number(round) * 1_000_000
await Promise.all(
  [...Array(16).keys()].map(async (key) => {
    for (;;) {
      const mine = ++value
      const encode = (revision: number): string => JSON.stringify({ revision, value: String(mine) })
      await store.commit([{ kind: 'put', bucket: 'things', key: `k${key}`, encode }])
      process.stdout.write(`k${key} ${mine}\n`)
    }
  }),
)
