import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatV1Response, makeTensor, parseV1Request } from '../src/index.ts'

const parse = (body: unknown) => parseV1Request(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))

function only(body: unknown) {
  const { inputs, isNamed } = parse(body)
  assert.equal(inputs.length, 1)
  assert.equal(isNamed, false)
  const [tensor] = inputs
  assert.ok(tensor)
  return tensor
}

test('numbers become one FP64 tensor of their shape', () => {
  const tensor = only({
    instances: [
      [1, 2.5],
      [3, null],
      [true, -0],
    ],
  })
  assert.deepEqual(tensor, {
    name: 'input-0',
    datatype: 'FP64',
    shape: [3, 2],
    data: Float64Array.of(1, 2.5, 3, Number.NaN, 1, 0),
  })
})

test('inputs wins over instances, as in KServe', () => {
  assert.deepEqual([...only({ instances: [[9]], inputs: [[1]] }).data], [1])
})

test('integers beyond 2^53 keep every digit', () => {
  const tensor = only('{"instances": [[9007199254740993, -3]]}')
  assert.equal(tensor.datatype, 'INT64')
  assert.deepEqual([...tensor.data], [9007199254740993n, -3n])
  assert.equal(only('{"instances": [[9007199254740993, 0.5]]}').datatype, 'FP64')
  assert.equal(only('{"instances": [[1e300]]}').datatype, 'FP64')
})

test('texts and booleans keep their kind', () => {
  assert.deepEqual(only({ instances: ['a', 'b'] }), makeTensor('input-0', 'BYTES', [2], ['a', 'b']))
  assert.deepEqual(only({ instances: [true, false] }), makeTensor('input-0', 'BOOL', [2], Uint8Array.of(1, 0)))
  assert.deepEqual(only({ instances: [true, 2] }).data, Float64Array.of(1, 2))
})

test('objects become one column for each name, also in the forms that pandas writes', () => {
  const wanted = [makeTensor('a', 'FP64', [2], Float64Array.of(1, 2)), makeTensor('b', 'BYTES', [2], ['x', 'y'])]
  assert.deepEqual(
    parse({
      instances: [
        { a: 1, b: 'x' },
        { a: 2, b: 'y' },
      ],
    }),
    { inputs: wanted, isNamed: true },
  )
  assert.deepEqual(parse({ instances: [[{ a: 1, b: 'x' }], [{ b: 'y', a: 2 }]] }), { inputs: wanted, isNamed: true })
  assert.deepEqual(parse({ inputs: { a: [1, 2], b: ['x', 'y'] } }), { inputs: wanted, isNamed: true })
  const pandas = parse({ inputs: [{ a: { 0: 1 }, b: { 0: 2.5 } }] })
  assert.deepEqual(pandas.inputs[1], makeTensor('b', 'FP64', [1, 1], Float64Array.of(2.5)))
})

test('no instances are no error', () => {
  assert.deepEqual(only({ instances: [] }).shape, [0])
})

const refused: [name: string, body: unknown, message: RegExp][] = [
  ['empty body', '', /body is empty/],
  ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
  ['broken JSON', '{"instances": [[1,2]\n, [3 4]]}', /line 2, column 6: "4" where a comma or \] belongs/],
  ['Python NaN', '{"instances": [[NaN]]}', /line 1, column 17: NaN is not JSON; a missing number is written null/],
  ['Python None', '{"instances": [[None]]}', /None is not JSON; write null/],
  ['single quotes', "{'instances': []}", /column 2: text is in single quotes/],
  ['trailing comma', '{"instances": [1,]}', /column 18: \] where a value belongs/],
  ['cut off', '{"instances": [[1, 2', /column 21: the text ends where a comma or \] belongs/],
  ['no object', [1, 2], /Expected an object with "instances" or "inputs", got an array/],
  ['wrong key', { instance: [] }, /Expected "instances" or "inputs" in the body, got only "instance"/],
  ['no list', { instances: 3 }, /Expected "instances" to be a list, got 3/],
  ['ragged', { instances: [[1, 2], [3]] }, /instances\[1\] has 1 elements, but instances\[0\] has 2/],
  [
    'ragged deeper',
    {
      instances: [
        [[1], [2]],
        [[3], 4],
      ],
    },
    /instances\[1\]\[1\] is 4, but/,
  ],
  [
    'mixed',
    {
      instances: [
        [1, 2],
        [3, 'x'],
      ],
    },
    /instances\[1\]\[1\] is text "x"; expected a number/,
  ],
  ['an array among numbers', { instances: [1, [2]] }, /instances\[1\] is an array/],
  ['rows of other names', { instances: [{ a: 1 }, { b: 1 }] }, /instances\[1\] has no "a"/],
  ['rows with more names', { instances: [{ a: 1 }, { a: 1, b: 1 }] }, /instances\[1\] has "b", which/],
  ['too many dimensions', { instances: JSON.parse('['.repeat(40) + ']'.repeat(40)) }, /nests more than 32/],
  [
    'a deep array behind a flat one',
    `{"instances": [null, ${'['.repeat(200_000)}${']'.repeat(200_000)}]}`,
    /instances\[1\] is an array/,
  ],
]

for (const [name, body, message] of refused) {
  test(`refuses ${name}`, () => {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    assert.throws(() => parseV1Request(bytes), { name: 'InvalidInput', message })
  })
}

test('allocates nothing for a shape that only the first row has', () => {
  const rows = `[${'0,'.repeat(200_000)}0]${',0'.repeat(200_000)}`
  assert.throws(() => parse(`{"instances": [${rows}]}`), /instances\[1\] is 0, but/)
})

test('answers nest as their shape says', () => {
  const one = makeTensor('output-0', 'FP32', [2, 2], Float32Array.of(1, 0.5, Number.NaN, Number.POSITIVE_INFINITY))
  assert.equal(formatV1Response([one]), '{"predictions":[[1,0.5],[null,null]]}')
  const label = makeTensor('label', 'INT64', [2], BigInt64Array.of(7n, 9007199254740993n))
  assert.equal(formatV1Response([label]), '{"predictions":[7,9007199254740993]}')
  assert.equal(
    formatV1Response([label, one]),
    '{"predictions":[{"label":7,"output-0":[1,0.5]},{"label":9007199254740993,"output-0":[null,null]}]}',
  )
  const other = makeTensor('o', 'BOOL', [1], Uint8Array.of(1))
  assert.equal(formatV1Response([label, other]), '{"predictions":{"label":[7,9007199254740993],"o":[true]}}')
  assert.equal(formatV1Response([makeTensor('s', 'BYTES', [1], ['"ü"'])]), '{"predictions":["\\"ü\\""]}')
})
