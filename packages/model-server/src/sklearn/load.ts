import { extname } from 'node:path'
import type { TensorSpec } from '@millrace/protocol'
import { type ModelFile, PickleError, readPickleFile } from '../pickle/index.ts'
import { type LoadModel, type Model, ModelUnreadable } from '../runtime.ts'
import type { Estimator, Predictor } from './estimator.ts'
import { readEstimator } from './estimators.ts'
import { tableFromRequest } from './from-request.ts'
import { createLoadBudget } from './load-budget.ts'
import { describeOutcome, predictionTensor, probabilityTensor } from './to-tensors.ts'

/** Loads a scikit-learn model that joblib.dump or pickle.dump saved. Nothing in the file is run. */
export const load: LoadModel = async (file, { predictProba }) => {
  const { value, contentBytes } = await readContent(file)
  const estimator = readEstimator(value, createLoadBudget(contentBytes))
  const { predictor, className } = estimator
  if (!predictor) {
    throw new ModelUnreadable(`model is a ${className}, which transforms and does not predict: save the whole pipeline`)
  }
  return createModel(estimator, predictor, predictProba, extname(file) === '.joblib' ? 'joblib' : 'pickle')
}

async function readContent(file: string): Promise<ModelFile> {
  try {
    return await readPickleFile(file)
  } catch (error) {
    if (error instanceof PickleError) throw new ModelUnreadable(error.message, { cause: error })
    throw error
  }
}

/** One matrix; or columns by name where the model takes text in some of them. */
function describeInputs({ featureCount, featureNames, textFeatures, usedNames }: Estimator): readonly TensorSpec[] {
  if (!textFeatures?.includes(true)) return [{ name: 'input-0', datatype: 'FP64', shape: [-1, featureCount ?? -1] }]
  if (!featureNames) return [{ name: 'input-0', datatype: 'BYTES', shape: [-1, featureCount ?? -1] }]
  const used = new Set(usedNames ?? featureNames)
  return featureNames.flatMap((name, index): readonly TensorSpec[] => {
    if (!used.has(name)) return []
    return [{ name, datatype: textFeatures[index] ? 'BYTES' : 'FP64', shape: [-1] }]
  })
}

function createModel(estimator: Estimator, predictor: Predictor, wantsShares: boolean, format: string): Model {
  const { outcome } = predictor
  const predictProba = wantsShares ? predictor.predictProba : undefined
  const classes =
    outcome.kind === 'labels' && outcome.classes.length === 1 ? (outcome.classes[0]?.values.length ?? -1) : -1
  const spec = describeOutcome(outcome)
  const shares: TensorSpec = {
    name: spec.name,
    datatype: 'FP64',
    shape: outcome.kind === 'labels' && outcome.isWide ? [outcome.classes.length, -1, -1] : [-1, classes],
  }
  return {
    platform: `sklearn_${format}`,
    inputs: describeInputs(estimator),
    outputs: [predictProba ? shares : spec],
    predict: (request) => {
      const table = tableFromRequest(request, estimator)
      if (predictProba) return [probabilityTensor(predictProba(table))]
      return [predictionTensor(outcome, predictor.predict(table), table.rows)]
    },
    close: () => undefined,
  }
}
