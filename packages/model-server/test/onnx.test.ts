import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseInferRequest, parseV1Request, type TensorSpec } from '@millrace/protocol'
import { load } from '../src/onnx/load.ts'
import type { Model } from '../src/runtime.ts'
import { assertClose, folder } from './cases.ts'

interface OnnxCase {
  readonly inputs: readonly (TensorSpec & { readonly data: readonly unknown[] })[]
  readonly outputs: readonly (TensorSpec & { readonly data: readonly unknown[] })[]
}

const options = { threads: 1, predictProba: false, log: () => {} }
const open = (name: string): Promise<Model> => load(folder('onnx', name, 'model.onnx'), options)
const readV2 = (inputs: unknown) =>
  ({ protocol: 'v2', isNamed: true, ...parseInferRequest(Buffer.from(JSON.stringify({ inputs }))) }) as const
const readV1 = (body: unknown) =>
  ({ protocol: 'v1', parameters: {}, ...parseV1Request(Buffer.from(JSON.stringify(body))) }) as const

for (const file of readdirSync(folder('onnx')).filter((name) => name.endsWith('.json'))) {
  const name = file.slice(0, -'.json'.length)
  test(`predicts as onnxruntime's Python package does: ${name}`, async () => {
    const it: OnnxCase = JSON.parse(readFileSync(folder('onnx', file), 'utf8'))
    const model = await open(name)
    const outputs = await model.predict(readV2(it.inputs))
    assert.deepEqual(
      outputs.map(({ name, datatype }) => ({ name, datatype })),
      model.outputs.map(({ name, datatype }) => ({ name, datatype })),
    )
    for (const [i, want] of it.outputs.entries()) {
      const got = outputs[i]
      assert.ok(got)
      assert.deepEqual(
        { name: got.name, datatype: got.datatype, shape: got.shape },
        { name: want.name, datatype: want.datatype, shape: want.shape },
      )
      if (got.datatype === 'BYTES') assert.deepEqual([...got.data], want.data)
      else assertClose(Array.from(got.data as ArrayLike<number | bigint>, Number), want.data.map(Number))
    }
    await model.close()
  })
}

test('takes V1 arrays and objects in the datatype of the model', async () => {
  const whole = await open('int64')
  const [sum] = await whole.predict(readV1({ instances: [1, 41] }))
  assert.deepEqual([...(sum?.data ?? [])], [2n, 42n])
  await assert.rejects(
    async () => whole.predict(readV1({ instances: [1.5] })),
    /element 0 is 1.5; the model takes whole numbers \(INT64\)/,
  )

  const two = await open('two-inputs')
  const outputs = await two.predict(readV1({ inputs: { a: [[1, 2, 3]], b: [[0, 1]] } }))
  assert.deepEqual(
    outputs.map((o) => o.shape),
    [[1, 2], [1]],
  )
  await assert.rejects(
    async () => two.predict(readV1({ instances: [[1, 2, 3]] })),
    /The model has 2 inputs \("a" FP32\[-1,3\], "b" FP32\[1,2\]\)/,
  )

  const text = await open('text-bool-bytes')
  const answers = await text.predict(
    readV1({
      inputs: {
        text: ['x'],
        flag: [true],
        byte: [
          [1, 2],
          [3, 4],
        ],
      },
    }),
  )
  assert.deepEqual(
    answers.map((o) => o.shape),
    [[1, 1], [1], [2, 2]],
  )
  await assert.rejects(
    async () =>
      text.predict(
        readV1({
          inputs: {
            text: ['x'],
            flag: [true],
            byte: [
              [1, 2],
              [3, 256],
            ],
          },
        }),
      ),
    /Input "byte" holds 256, outside of UINT8/,
  )
})

const refused: [what: string, inputs: unknown, message: RegExp][] = [
  [
    'an unknown name',
    [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }],
    /no input "x"; it takes "X" FP32\[-1,4\]; did you mean "X"\?/,
  ],
  [
    'another datatype',
    [{ name: 'X', datatype: 'FP64', shape: [1, 4], data: [1, 2, 3, 4] }],
    /Input "X" is FP64\[1,4\]; the model takes FP32\[-1,4\]/,
  ],
  [
    'another shape',
    [{ name: 'X', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }],
    /Input "X" is FP32\[1,3\]; the model takes FP32\[-1,4\]/,
  ],
  ['another rank', [{ name: 'X', datatype: 'FP32', shape: [4], data: [1, 2, 3, 4] }], /Input "X" is FP32\[4\]/],
  ['nothing', [], /Input "X" is missing; the model takes "X" FP32\[-1,4\]/],
]

for (const [what, inputs, message] of refused) {
  test(`refuses ${what}`, async () => {
    const model = await open('logistic')
    await assert.rejects(async () => model.predict(readV2(inputs)), { name: 'InvalidInput', message })
  })
}

test('says in one line why a file is no model', async () => {
  await assert.rejects(load(import.meta.filename, options), {
    name: 'ModelUnreadable',
    message: /^onnxruntime cannot load it: .*Protobuf parsing failed/,
  })
})
