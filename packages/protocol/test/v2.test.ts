import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Datatype,
  datatypes,
  formatInferResponse,
  makeTensor,
  parseInferRequest,
  type Tensor,
  writeBinaryData,
} from '../src/index.ts'

const parse = (body: unknown, jsonLength?: number) =>
  parseInferRequest(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), jsonLength)

const input = (datatype: string, data: unknown, shape = [2]) => ({ inputs: [{ name: 'x', datatype, shape, data }] })

const samples: { readonly [D in Datatype]: { tensor: Tensor; json: readonly unknown[] } } = {
  BOOL: { tensor: makeTensor('x', 'BOOL', [2], Uint8Array.of(1, 0)), json: [true, false] },
  UINT8: { tensor: makeTensor('x', 'UINT8', [2], Uint8Array.of(0, 255)), json: [0, 255] },
  UINT16: { tensor: makeTensor('x', 'UINT16', [2], Uint16Array.of(0, 65535)), json: [0, 65535] },
  UINT32: { tensor: makeTensor('x', 'UINT32', [2], Uint32Array.of(0, 4294967295)), json: [0, 4294967295] },
  UINT64: { tensor: makeTensor('x', 'UINT64', [2], BigUint64Array.of(1n, 2n)), json: [1, 2] },
  INT8: { tensor: makeTensor('x', 'INT8', [2], Int8Array.of(-128, 127)), json: [-128, 127] },
  INT16: { tensor: makeTensor('x', 'INT16', [2], Int16Array.of(-32768, 32767)), json: [-32768, 32767] },
  INT32: {
    tensor: makeTensor('x', 'INT32', [2], Int32Array.of(-2147483648, 2147483647)),
    json: [-2147483648, 2147483647],
  },
  INT64: { tensor: makeTensor('x', 'INT64', [2], BigInt64Array.of(-1n, 2n)), json: [-1, 2] },
  FP16: { tensor: makeTensor('x', 'FP16', [2], Float16Array.of(0.5, -2)), json: [0.5, -2] },
  FP32: { tensor: makeTensor('x', 'FP32', [2], Float32Array.of(0.5, -2)), json: [0.5, -2] },
  FP64: { tensor: makeTensor('x', 'FP64', [2], Float64Array.of(0.1, -2)), json: [0.1, -2] },
  BYTES: { tensor: makeTensor('x', 'BYTES', [2], ['a', 'größe']), json: ['a', 'größe'] },
}

for (const datatype of datatypes) {
  const { tensor, json } = samples[datatype]
  test(`${datatype} comes and goes as JSON and as bytes`, () => {
    assert.deepEqual(parse(input(datatype, json)).inputs, [tensor])
    const answer = { modelName: 'm', id: '1', outputs: [tensor] }
    const text = formatInferResponse(answer, { outputs: [], isBinaryOutput: false }).body
    assert.deepEqual(JSON.parse(text.toString()).outputs[0].data, json)

    const bytes = writeBinaryData(tensor)
    const head = JSON.stringify({
      inputs: [{ name: 'x', datatype, shape: [2], parameters: { binary_data_size: bytes.length } }],
    })
    const body = Buffer.concat([Buffer.from(head), bytes])
    assert.deepEqual(parseInferRequest(body, Buffer.byteLength(head)).inputs, [tensor])
  })
}

test('64-bit integers keep every digit, as number or as text', () => {
  const tensor = parse(
    '{"inputs":[{"name":"x","datatype":"INT64","shape":[3],"data":[9223372036854775807,"-9223372036854775808",-5]}]}',
  )
  assert.deepEqual([...(tensor.inputs[0]?.data ?? [])], [9223372036854775807n, -9223372036854775808n, -5n])
})

test('nested data is read in row-major order, and null is NaN', () => {
  const { inputs } = parse(
    input(
      'FP32',
      [
        [1, 2],
        [3, null],
      ],
      [2, 2],
    ),
  )
  assert.deepEqual(inputs, [makeTensor('x', 'FP32', [2, 2], Float32Array.of(1, 2, 3, Number.NaN))])
})

test('id, parameters and wanted outputs are kept', () => {
  const request = parse({
    id: '42',
    parameters: { content_type: 'pd', binary_data_output: true, gone: null },
    inputs: [],
    outputs: [{ name: 'a' }, { name: 'b', parameters: { binary_data: false } }],
  })
  assert.deepEqual(request, {
    id: '42',
    parameters: { content_type: 'pd', binary_data_output: true },
    inputs: [],
    outputs: [
      { name: 'a', isBinary: true },
      { name: 'b', isBinary: false },
    ],
    isBinaryOutput: true,
  })
})

test('an answer holds the wanted outputs in their order, bytes behind the JSON', () => {
  const a = makeTensor('a', 'FP32', [2], Float32Array.of(1, 2))
  const b = makeTensor('b', 'INT64', [1], BigInt64Array.of(3n))
  const answer = { modelName: 'm', modelVersion: '7', id: 'i', outputs: [a, b] }
  const outputs = [
    { name: 'b', isBinary: false },
    { name: 'a', isBinary: true },
  ]
  const { body, jsonLength } = formatInferResponse(answer, { outputs, isBinaryOutput: false })
  assert.ok(Buffer.isBuffer(body) && jsonLength !== undefined)
  assert.deepEqual(JSON.parse(body.subarray(0, jsonLength).toString()), {
    model_name: 'm',
    model_version: '7',
    id: 'i',
    outputs: [
      { name: 'b', shape: [1], datatype: 'INT64', data: [3] },
      { name: 'a', shape: [2], datatype: 'FP32', parameters: { binary_data_size: 8 } },
    ],
  })
  assert.deepEqual([...body.subarray(jsonLength)], [0, 0, 128, 63, 0, 0, 0, 64])
  assert.throws(
    () => formatInferResponse(answer, { outputs: [{ name: 'c', isBinary: false }], isBinaryOutput: false }),
    { name: 'InvalidInput', message: 'The model has no output "c"; it has "a", "b".' },
  )
})

const refused: [name: string, body: unknown, message: RegExp][] = [
  [
    'a V1 body',
    { instances: [[1]] },
    /Expected "inputs" to be a list of tensors, got nothing \("instances" belongs to V1/,
  ],
  ['no object', 3, /Expected an object with "inputs", got 3/],
  ['an input that is no object', { inputs: [1] }, /inputs\[0\] is 1; expected an object/],
  ['an input without name', { inputs: [{ shape: [1] }] }, /inputs\[0\]\.name is nothing; expected text/],
  ['an unknown datatype', input('FLOAT', [1]), /inputs\[0\] "x" datatype is text "FLOAT"; expected BOOL, UINT8/],
  ['a negative size', input('FP32', [1], [-1]), /inputs\[0\] "x" shape is an array; expected a list of sizes/],
  [
    'too few elements',
    input('FP32', [1, 2, 3], [2, 2]),
    /inputs\[0\] "x" has shape \[2,2\], which is 4 elements, but its data has 3/,
  ],
  ['ragged data', input('FP32', [[1, 2], [3]], [2, 2]), /inputs\[0\] "x" data\[1\] has 1 elements/],
  [
    'an integer out of range',
    input('UINT8', [1, 300]),
    /inputs\[0\] "x" data\[1\] is 300; expected an integer from 0 to 255 \(UINT8\)/,
  ],
  ['a fraction as integer', input('INT32', [1, 0.5]), /data\[1\] is 0\.5; expected an integer/],
  ['64 bits and one more', input('INT64', ['9223372036854775808', 0]), /data\[0\] is text "9223372036854775808"/],
  ['null as integer', input('INT32', [1, null]), /data\[1\] is null; expected an integer/],
  ['text as number', input('FP32', [1, '2']), /data\[1\] is text "2"; expected a number \(FP32\)/],
  ['a number as text', input('BYTES', ['a', 2]), /data\[1\] is 2; expected text \(BYTES\)/],
  ['no data', input('FP32', undefined), /inputs\[0\] "x" data is nothing; expected a list/],
  ['parameters that are objects', { inputs: [], parameters: { a: {} } }, /parameters "a" is an object/],
  [
    'binary data without header',
    { inputs: [{ name: 'x', datatype: 'FP32', shape: [1], parameters: { binary_data_size: 4 } }] },
    /no Inference-Header-Content-Length/,
  ],
]

for (const [name, body, message] of refused) {
  test(`refuses ${name}`, () => assert.throws(() => parse(body), { name: 'InvalidInput', message }))
}

test('refuses binary data that does not fit its shape, the body or the header', () => {
  const head = (size: number, shape = [2], datatype = 'FP32') =>
    JSON.stringify({ inputs: [{ name: 'x', datatype, shape, parameters: { binary_data_size: size } }] })
  const with8 =
    (json: string, length = Buffer.byteLength(json)) =>
    () =>
      parseInferRequest(Buffer.concat([Buffer.from(json), Buffer.alloc(8, 1)]), length)
  assert.throws(with8(head(4)), /FP32\[2\], which is 8 bytes, but has 4/)
  assert.throws(with8(head(12)), /names 12 bytes of binary data, but 8 are left/)
  assert.throws(with8(head(0, [0])), /name 0 bytes of binary data, but 8 follow the JSON/)
  assert.throws(with8(head(8), 1e9), /Inference-Header-Content-Length is 1000000000, but the body has/)
  assert.throws(with8(head(8, [1], 'BYTES')), /element 0 has 16843009 bytes, but 4 are left/)
})
