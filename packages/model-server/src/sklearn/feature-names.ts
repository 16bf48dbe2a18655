import { isNdArray, textElements } from '../pickle/index.ts'
import { type EstimatorRecord, optional } from './record.ts'

/** `feature_names_in_`, which versions since 1.0 keep when the model was fitted on a table with text column names. */
export function featureNamesOf(record: EstimatorRecord): readonly string[] | undefined {
  const value = optional(record, 'feature_names_in_')
  return isNdArray(value) ? textElements(value) : undefined
}
