import type { Estimator, Predictor, ReadEstimator } from './estimator.ts'
import { type EstimatorRecord, listOf, required, unreadable } from './record.ts'
import type { Table } from './table.ts'

/** Pipeline: every step but the last transforms. */
export function readPipeline(record: EstimatorRecord, read: ReadEstimator): Estimator {
  const steps = listOf(record, 'steps').flatMap((entry, index): readonly Estimator[] => {
    const [, step] = Array.isArray(entry) ? entry : []
    if (step === undefined) return unreadable(record, `has steps[${index}] of an unknown form`)
    return step === null || step === 'passthrough' ? [] : [read(step, `${record.path}.steps[${index}]`)]
  })
  const [first] = steps
  const last = steps.at(-1)
  if (!first || !last) return unreadable(record, 'has no steps')
  const transforms = steps.slice(0, -1).map(({ transform, className }) => {
    return transform ?? unreadable(record, `has a ${className} before its last step, which transforms nothing`)
  })
  const before = (input: Table): Table => transforms.reduce((table, transform) => transform(table), input)
  const lastTransform = last.transform
  return {
    className: record.className,
    featureCount: first.featureCount,
    featureNames: first.featureNames,
    textFeatures: first.textFeatures,
    usedNames: first.usedNames,
    transform: lastTransform && ((input) => lastTransform(before(input))),
    predictor: last.predictor && after(before, last.predictor),
  }
}

/** GridSearchCV and its kin answer with the best estimator they found. */
export function readSearch(record: EstimatorRecord, read: ReadEstimator): Estimator {
  return read(required(record, 'best_estimator_'), `${record.path}.best_estimator_`)
}

/** The predictor with `before` applied to its input. */
function after(before: (input: Table) => Table, { outcome, predict, predictProba, decide }: Predictor): Predictor {
  return {
    outcome,
    predict: (input) => predict(before(input)),
    predictProba: predictProba && ((input) => predictProba(before(input))),
    decide: decide && ((input) => decide(before(input))),
  }
}
