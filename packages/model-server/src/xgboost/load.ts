import { readFile } from 'node:fs/promises'
import { makeTensor } from '@millrace/protocol'
import { type Model, ModelUnreadable, type PredictRequest } from '../runtime.ts'
import { readFeatureMatrix } from '../tabular/feature-matrix.ts'
import { addTrees } from './add-trees.ts'
import { count, field, numbers, type Part, scalar, text, texts } from './document.ts'
import { featureCountMax, readTrees } from './forest.ts'
import { objectives, toMargin, transform } from './objective.ts'
import { parseUbjson } from './ubjson.ts'

/** Adds the model's part to margins that already hold the base score. */
type AddMargins = (features: Float64Array, rows: number, margins: Float32Array) => void

/** More outputs (classes × targets) than any model has; bounds what a file can make a request allocate. */
const outputsMax = 65_536

/**
 * Reads an XGBoost model as `Booster.save_model` writes it, JSON or UBJSON told apart by content, of any release from 1.0.
 * Predicts as `Booster.predict(DMatrix)` does, which is what KServe's server calls: all trees, best_iteration ignored.
 * https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
 */
export async function load(file: string): Promise<Model> {
  const { document, platform } = parseDocument(await readFile(file))
  const learner = field({ path: '', value: document }, 'learner')
  if (learner.value === undefined) {
    throw new ModelUnreadable(
      'it has no "learner": this is no XGBoost model (a JSON dump of trees cannot be loaded; use save_model)',
    )
  }
  const param = field(learner, 'learner_model_param')
  const columns = count(field(param, 'num_feature'), featureCountMax)
  const name = text(field(field(learner, 'objective'), 'name'))
  const objective = objectives.get(name)
  if (objective === undefined) {
    throw new ModelUnreadable(`the objective "${name}" is unknown; known are ${[...objectives.keys()].join(', ')}`)
  }
  const outputs = countOutputs(param)
  const booster = field(learner, 'gradient_booster')
  const scores = readBaseScore(field(param, 'base_score'), outputs).map((score) => toMargin(objective.base, score))
  // XGBoost's gblinear adds the first output's score to every output; we answer what it answers.
  const base = field(booster, 'name').value === 'gblinear' ? scores.fill(scores[0] ?? 0) : scores
  const add = readBooster(booster, columns, outputs)
  const names = texts(field(learner, 'feature_names'))
  const isOne = outputs === 1 || objective.output === 'argmax'
  return {
    platform,
    inputs: [{ name: 'input-0', datatype: 'FP32', shape: [-1, columns] }],
    outputs: [{ name: 'output-0', datatype: 'FP32', shape: isOne ? [-1] : [-1, outputs] }],
    predict(request: PredictRequest) {
      const { rows, data } = readFeatureMatrix(request, { count: columns, names })
      const margins = new Float32Array(rows * outputs)
      for (let i = 0; i < margins.length; i++) margins[i] = base[i % outputs] ?? 0
      add(toFloat32Values(data), rows, margins)
      const predictions = transform(objective.output, margins, outputs)
      return [makeTensor('output-0', 'FP32', isOne ? [rows] : [rows, outputs], predictions)]
    },
    close() {},
  }
}

function parseDocument(bytes: Buffer): { document: unknown; platform: string } {
  if (bytes.length === 0) throw new ModelUnreadable('the file is empty')
  if (bytes[0] !== 0x7b) throw new ModelUnreadable(describeOther(bytes))
  // UBJSON goes on with the length of the first key; JSON with a quote, a brace or white space.
  const second = String.fromCharCode(bytes[1] ?? 0)
  if (!['"', '}', ' ', '\n', '\r', '\t'].includes(second)) {
    return { document: parseUbjson(bytes), platform: 'xgboost_ubj' }
  }
  try {
    return { document: JSON.parse(bytes.toString('utf8')), platform: 'xgboost_json' }
  } catch (error) {
    throw new ModelUnreadable(`the JSON document is broken: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function describeOther(bytes: Buffer): string {
  if (bytes.subarray(0, 4).toString('latin1') === 'binf' || bytes.length > 136) {
    const isBinary = bytes.subarray(0, 512).includes(0)
    if (isBinary) {
      return 'it is in the old binary format, which XGBoost itself no longer reads; load it with the release that wrote it and save it again: booster.save_model("model.ubj")'
    }
  }
  return 'it is no XGBoost model: neither JSON nor UBJSON; save it with booster.save_model("model.ubj") or "model.json"'
}

/** Classes or targets; a model with neither has one output. */
function countOutputs(param: Part): number {
  const classes = count(field(param, 'num_class'), outputsMax, 0)
  const targets = count(field(param, 'num_target'), outputsMax, 1)
  return Math.max(1, classes, targets)
}

/** One score for each output. Releases before 3.1 write a number (`5E-1`), later ones a list (`[5E-1,2E-1]`). */
function readBaseScore(part: Part, outputs: number): number[] {
  const written = typeof part.value === 'string' ? part.value : ''
  const list = written.startsWith('[') ? written.slice(1, -1).split(',').map(Number) : [scalar(part)]
  const [only] = list
  if (list.length === 1 && only !== undefined && !Number.isNaN(only)) return Array.from({ length: outputs }, () => only)
  if (list.length !== outputs || list.some(Number.isNaN)) {
    throw new ModelUnreadable(`"${part.path}" is ${written.slice(0, 60)}; expected ${outputs} numbers`)
  }
  return list
}

function readBooster(booster: Part, columns: number, outputs: number): AddMargins {
  const name = text(field(booster, 'name'))
  switch (name) {
    case 'gbtree':
      return treeBooster(field(booster, 'model'), undefined, columns, outputs)
    case 'dart':
      return treeBooster(field(field(booster, 'gbtree'), 'model'), field(booster, 'weight_drop'), columns, outputs)
    case 'gblinear':
      return linearBooster(field(booster, 'model'), columns, outputs)
    default:
      throw new ModelUnreadable(`the booster "${name}" is unknown; known are gbtree, dart and gblinear`)
  }
}

function treeBooster(model: Part, weights: Part | undefined, columns: number, outputs: number): AddMargins {
  const trees = readTrees(model, weights, columns, outputs)
  return (features, rows, margins) => addTrees(trees, features, rows, columns, margins)
}

/** XGBoost holds features as float32; values between two of its thresholds must round as there. */
function toFloat32Values(data: Float64Array): Float64Array {
  return data.map(Math.fround)
}

/** gblinear: weights are feature × output with the biases behind them; a missing feature adds nothing. */
function linearBooster(model: Part, columns: number, outputs: number): AddMargins {
  const weights = Float32Array.from(numbers(field(model, 'weights'), (columns + 1) * outputs))
  return (features, rows, margins) => {
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < outputs; k++) {
        let sum = Math.fround((margins[row * outputs + k] ?? 0) + (weights[columns * outputs + k] ?? 0))
        for (let column = 0; column < columns; column++) {
          const x = features[row * columns + column] ?? Number.NaN
          if (!Number.isNaN(x)) sum = Math.fround(sum + x * (weights[column * outputs + k] ?? 0))
        }
        margins[row * outputs + k] = sum
      }
    }
  }
}
