import { parseArgs } from 'node:util'
import { conditionOf } from './objects.ts'
import { simulate } from './simulate.ts'
import type { TracedCall } from './traced-calls.ts'

/**
 * Long runs: `npm run simulate -- --seed 1 --rounds 100 --actions 30`. Ends with 1 where a promise was broken.
 * `--verbose` tells what is done, `--calls <pattern>` which writes of what the pattern matches reached the server, with the answer.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '1' },
    actions: { type: 'string', default: '30' },
    verbose: { type: 'boolean', default: false },
    calls: { type: 'string' },
  },
})

const pattern = values.calls === undefined ? undefined : new RegExp(values.calls)

const emptyObject = { apiVersion: '', kind: '', metadata: {} }

function printCall({ atMs, who, method, path, status, text }: TracedCall): void {
  if (!pattern?.test(path) || method === 'GET') return
  const { metadata = {}, status: told, message = '' } = Object(JSON.parse(text.startsWith('{') ? text : '{}'))
  const { resourceVersion, generation } = metadata
  const ready = conditionOf({ ...emptyObject, status: told }, 'Ready')?.status
  const at = new Date(atMs).toISOString().slice(11, 23)
  const facts = `revision ${resourceVersion}, generation ${generation}, observed ${Object(told).observedGeneration}, Ready ${ready}`
  process.stdout.write(`    ${at} ${who} ${method} ${path} ${status} ${facts} ${message}\n`)
}

let failures = 0
for (let round = 0; round < Number(values.rounds); round++) {
  const seed = Number(values.seed) + round
  const startedAt = performance.now()
  const { broken, story, refusals, lines } = await simulate({
    seed,
    actions: Number(values.actions),
    onCall: printCall,
    ...(values.verbose ? { onStory: (what: string) => void process.stdout.write(`  · ${what}\n`) } : {}),
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  process.stdout.write(`seed ${seed}: ${broken.length === 0 ? 'kept' : 'BROKEN'} (${seconds} s)\n`)
  if (broken.length > 0) {
    if (!values.verbose) for (const step of story) process.stdout.write(`  · ${step}\n`)
    for (const refusal of refusals) process.stdout.write(`  refused: ${refusal}\n`)
  }
  if (broken.length === 0) continue
  failures++
  for (const line of lines) process.stdout.write(`    ${line}\n`)
  for (const promise of broken) process.stdout.write(`  ✖ ${promise}\n`)
}
process.exit(failures === 0 ? 0 : 1)
