import { readFile } from 'node:fs/promises'
import { makeTensor } from '@millrace/protocol'
import { type Model, ModelUnreadable, type PredictRequest } from '../runtime.ts'
import { readFeatureMatrix } from '../tabular/feature-matrix.ts'
import { addTrees } from './add-trees.ts'
import { readTrees } from './forest.ts'
import { readObjective } from './objective.ts'

import { countOf, has, parseTextModel, type Section, textOf } from './text-model.ts'

const featuresMax = 2 ** 24
const outputsMax = 65_536
const versions = ['v2', 'v3', 'v4']

/**
 * Reads a LightGBM text model (`Booster.save_model`). Predicts as `Booster.predict` does, which is what KServe's server
 * calls: all trees of the file.
 */
export async function load(file: string): Promise<Model> {
  const { header, trees } = parseTextModel((await readFile(file)).toString('utf8'))
  const version = textOf(header, 'version')
  if (!versions.includes(version)) {
    throw new ModelUnreadable(`its version is "${version}"; ${versions.join(', ')} can be read (LightGBM 2 to 4)`)
  }
  const columns = countOf(header, 'max_feature_idx', 0, featuresMax) + 1
  const outputs = countOf(header, 'num_tree_per_iteration', 1, outputsMax, 1)
  if (trees.length % outputs !== 0) {
    throw new ModelUnreadable(`it has ${trees.length} trees for ${outputs} outputs: the file is cut off`)
  }
  const forest = readTrees(trees, columns)
  const transform = readObjective(has(header, 'objective') ? textOf(header, 'objective') : undefined)
  const iterations = has(header, 'average_output') ? trees.length / outputs : 1
  const features = { count: columns, names: readNames(header, columns) }
  return {
    platform: 'lightgbm_text',
    inputs: [{ name: 'input-0', datatype: 'FP64', shape: [-1, columns] }],
    outputs: [{ name: 'output-0', datatype: 'FP64', shape: outputs === 1 ? [-1] : [-1, outputs] }],
    predict(request: PredictRequest) {
      const { rows, data } = readFeatureMatrix(request, features)
      const sums = new Float64Array(rows * outputs)
      addTrees(forest, data, rows, columns, sums)
      if (iterations > 1) for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) / iterations
      transform(sums, outputs)
      return [makeTensor('output-0', 'FP64', outputs === 1 ? [rows] : [rows, outputs], sums)]
    },
    close() {},
  }
}

function readNames(header: Section, columns: number): string[] {
  const names = textOf(header, 'feature_names').split(' ')
  if (names.length !== columns) {
    throw new ModelUnreadable(
      `header feature_names has ${names.length} names, but max_feature_idx tells of ${columns} features`,
    )
  }
  return names
}
