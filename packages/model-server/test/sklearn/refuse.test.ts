import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import type { Tensor } from '@millrace/protocol'
import { ModelUnreadable, type PredictRequest } from '../../src/runtime.ts'
import { readEstimator } from '../../src/sklearn/estimators.ts'
import { createLoadBudget } from '../../src/sklearn/load-budget.ts'
import { unpickle } from '../../src/pickle/unpickle.ts'
import { assemble, global, text, uint32 } from '../pickle/assemble.ts'
import { columnTensor, loadModel, rowsRequest, testdata } from './recorded.ts'

const newest = (name: string): string => join(testdata, '1.9', `${name}.joblib`)
const flat: Tensor = { name: 'input-0', datatype: 'FP64', shape: [4], data: Float64Array.of(1, 2, 3, 4) }
const texts: Tensor = { name: 'input-0', datatype: 'BYTES', shape: [1, 4], data: ['a', 'b', 'c', 'd'] }
const request = (...inputs: Tensor[]): PredictRequest => ({ protocol: 'v2', inputs, isNamed: true, parameters: {} })
const table = { age: [3], city: ['Oslo'], kind: ['a'] }
const columns = (cells: Readonly<Record<string, readonly (number | string | null)[]>>): PredictRequest =>
  request(...Object.entries(cells).map(([name, values]) => columnTensor(name, values)))

const badRequests: readonly (readonly [string, string, PredictRequest, RegExp])[] = [
  [
    'too few features',
    'svc-rbf',
    rowsRequest([[1, 2, 3]]),
    /SVC was fitted on 4 features \(n_features_in_\), the input has 3/,
  ],
  ['too many features', 'random-forest-classifier', rowsRequest([[1, 2, 3, 4, 5]]), /4 features .* has 5/],
  [
    'a missing number',
    'svc-rbf',
    rowsRequest([
      [1, 2, 3, 4],
      [1, null, 3, 4],
    ]),
    /row 1, column 1 .* SVC takes no missing values/,
  ],
  [
    'a missing number in boosted trees',
    'gradient-boosting-binary',
    rowsRequest([[1, 2, 3, null, 5]]),
    /column 3 .* no missing values/,
  ],
  ['infinity', 'linear-regression', rowsRequest([[1, 2, 3, Infinity]]), /row 0, column 3 .* infinite/],
  ['a number beyond float32', 'tree-regressor', rowsRequest([[1, 2, 3, 1e300]]), /too large for float32/],
  ['a row that is not in a list', 'svc-rbf', request(flat), /shape \[4\], and \[rows, 4\] is expected/],
  ['text', 'svc-rbf', request(texts), /SVC takes numbers, and column 0 of the input holds text/],
  ['no inputs', 'svc-rbf', request(), /no inputs/],
  [
    'a category that training did not see',
    'one-hot-drop',
    rowsRequest([[0, 7]]),
    /row 0, column 1 .* 7, which OneHotEncoder did not see/,
  ],
  ['a missing column', 'table', columns({ age: [3], city: ['Oslo'] }), /request lacks "kind"/],
  [
    'numbers where text was',
    'table',
    columns({ ...table, city: [1] }),
    /column "city" .* numbers, and the model was trained on text/,
  ],
  ['text where numbers were', 'table', columns({ ...table, age: ['old'] }), /column "age" of the input holds text/],
  ['columns of different length', 'table', columns({ ...table, kind: ['a', 'b'] }), /"kind" has the shape \[2\]/],
]
for (const [what, name, bad, message] of badRequests) {
  test(`a request with ${what} is the client's mistake`, async () => {
    const model = await loadModel(newest(name))
    await assert.rejects(async () => model.predict(bad), { name: 'InvalidInput', message })
  })
}

test('columns may come in any order, and one that the model does not use may come or not', async () => {
  const model = await loadModel(newest('table'))
  const [given] = await model.predict(columns(table))
  const [turned] = await model.predict(columns({ kind: ['a'], size: [9], city: ['Oslo'], age: [3], more: ['x'] }))
  assert.deepEqual(turned?.data, given?.data)
})

test('a model on columns says which text and which numbers it takes', async () => {
  const { inputs, outputs } = await loadModel(newest('table'))
  assert.deepEqual(inputs, [
    { name: 'age', datatype: 'FP64', shape: [-1] },
    { name: 'city', datatype: 'BYTES', shape: [-1] },
    { name: 'kind', datatype: 'BYTES', shape: [-1] },
  ])
  assert.deepEqual(outputs, [{ name: 'output-0', datatype: 'FP64', shape: [-1] }])
})

test('no rows give no predictions', async () => {
  const model = await loadModel(newest('svc-rbf'))
  const none: Tensor = { name: 'input-0', datatype: 'FP64', shape: [0], data: new Float64Array(0) }
  const [tensor] = await model.predict({ ...request(none), isNamed: false })
  assert.deepEqual(tensor?.shape, [0])
})

test('integers and float32 are numbers like any other', async () => {
  const model = await loadModel(newest('tree-classifier'))
  const shape = [1, 4]
  const base = { name: 'input-0', shape }
  const tensors: readonly Tensor[] = [
    { ...base, datatype: 'INT64', data: BigInt64Array.of(6n, 3n, 5n, 2n) },
    { ...base, datatype: 'INT32', data: Int32Array.of(6, 3, 5, 2) },
    { ...base, datatype: 'FP32', data: Float32Array.of(6, 3, 5, 2) },
  ]
  for (const tensor of tensors) assert.deepEqual((await model.predict(request(tensor)))[0]?.data, ['virginica'])
})

/** An instance of a scikit-learn class with these attributes, each already assembled. */
const instance = (module: string, name: string, attributes: Readonly<Record<string, string>>): string =>
  `${global(`sklearn.${module}`, name)})\x81}(${Object.entries(attributes)
    .map(([key, value]) => text(key) + value)
    .join('')}ub`
const array = (shape: string, dtype: string, data: string): string =>
  `${global('numpy.core.multiarray', '_reconstruct')})R(K\x01(${shape}t${global('numpy', 'dtype')}${text(dtype)}\x85R\x89C${String.fromCharCode(data.length)}${data}tb`
const integer = (value: number): string => `J${uint32(value)}`
const scaler = instance('preprocessing._data', 'StandardScaler', { with_mean: '\x89', with_std: '\x89' })

const badModels: readonly (readonly [string, string, RegExp])[] = [
  [
    'a class that is not served',
    instance('gaussian_process._gpr', 'GaussianProcessRegressor', { a: 'N' }),
    /sklearn\.gaussian_process\._gpr\.GaussianProcessRegressor, which is not served: export the model to ONNX/,
  ],
  [
    'a class of another library in a name that is served',
    `${global('scipy.stats', 'SVC')})\x81}b`,
    /scipy\.stats\.SVC, which is not served/,
  ],
  ['a dict around the model', `}(${text('model')}Nu`, /model is a dict, not a scikit-learn estimator/],
  [
    'a model before fit',
    instance('svm._classes', 'SVC', { kernel: text('rbf') }),
    /SVC \(model\) has no classes_: fit the model/,
  ],
  ['an instance without attributes', `${global('sklearn.svm', 'SVC')})\x81`, /SVC \(model\) has no attributes/],
  [
    'a step that is not served',
    instance('pipeline', 'Pipeline', { steps: `](${text('a')}${instance('manifold', 'TSNE', { a: 'N' })}\x86e` }),
    /model\.steps\[0\] is a sklearn\.manifold\.TSNE/,
  ],
  ['a class on Object.prototype', `${global('sklearn.x', 'toString')})\x81}b`, /not served/],
  [
    'weights for a million million outputs without features',
    instance('linear_model', 'Ridge', { coef_: array(`${integer(2 ** 30)}K\x00`, 'f8', '') }),
    /far more memory/,
  ],
  [
    'a polynomial of impossible size',
    instance('preprocessing', 'PolynomialFeatures', {
      n_features_in_: integer(50_000),
      degree: 'K\x09',
      include_bias: '\x88',
      interaction_only: '\x89',
    }),
    /more memory|more than 1000000 columns/,
  ],
  [
    'a degree of infinity',
    instance('svm', 'SVR', {
      kernel: text('poly'),
      gamma: 'K\x01',
      coef0: 'K\x01',
      degree: 'G\x7f\xf0\x00\x00\x00\x00\x00\x00',
      support_vectors_: array('K\x00K\x01', 'f8', ''),
    }),
    /not a whole number/,
  ],
]
for (const [what, file, message] of badModels) {
  test(`refuses ${what}`, () => {
    const content = assemble(`\x80\x04${file}.`)
    assert.throws(() => readEstimator(unpickle(content), createLoadBudget(content.length)), {
      name: 'ModelUnreadable',
      message,
    })
  })
}

test('a pipeline that holds itself twice at every level is refused in bounded time', () => {
  let nested = `${scaler}q\x00`
  for (let level = 1; level < 20; level++) {
    const inner = `${text('a')}h${String.fromCharCode(level - 1)}\x86`
    nested += `0${instance('pipeline', 'Pipeline', { steps: `](${inner}${inner}e` })}q${String.fromCharCode(level)}`
  }
  const content = assemble(`\x80\x04${nested}.`)
  assert.throws(() => readEstimator(unpickle(content), createLoadBudget(content.length)), {
    name: 'ModelUnreadable',
    message: /nests or holds too many/,
  })
})

test('a transformer alone predicts nothing', async () => {
  const content = unpickle(assemble(`\x80\x04${scaler}.`))
  assert.equal(readEstimator(content, createLoadBudget(1000)).predictor, undefined)
})

test('the error of an unreadable file reaches the caller as ModelUnreadable', async () => {
  await assert.rejects(loadModel(join(testdata, '1.9', 'cases.json')), (error) => error instanceof ModelUnreadable)
})
