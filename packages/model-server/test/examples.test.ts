import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { assertClose } from './cases.ts'
import { type Program, startProgram } from './program.ts'

const examples = join(import.meta.dirname, '../../../examples')
const programs: Program[] = []
after(() => {
  for (const { child } of programs) child.kill('SIGKILL')
})

interface Answer {
  readonly predictions?: unknown[]
  readonly outputs?: { readonly name: string; readonly data: number[] }[]
}

/** Numbers of an answer in reading order; names in front of V2's. */
function numbersOf(answer: Answer): (number | null)[] {
  const flat = (value: unknown): (number | null)[] =>
    Array.isArray(value) ? value.flatMap(flat) : [value as number | null]
  return flat(answer.predictions ?? answer.outputs?.map((output) => output.data))
}

for (const model of readdirSync(join(examples, 'models'))) {
  const expected = join(examples, 'training', 'expected', `${model}.json`)
  if (!existsSync(expected)) continue
  test(`serves the example ${model} as its library answers`, async () => {
    const program = startProgram([
      `--model_name=${model}`,
      `--model_dir=${join(examples, 'models', model)}`,
      '--http_port=0',
    ])
    programs.push(program)
    const body = readFileSync(join(examples, `${model}-input.json`), 'utf8')
    const isV2 = JSON.parse(body).instances === undefined
    const path = isV2 ? `/v2/models/${model}/infer` : `/v1/models/${model}:predict`
    const reply = await fetch(`http://127.0.0.1:${await program.port()}${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(reply.status, 200)
    const want: Answer = JSON.parse(readFileSync(expected, 'utf8'))
    const got = (await reply.json()) as Answer
    assertClose(numbersOf(got).map(Number), numbersOf(want))
  })
}
