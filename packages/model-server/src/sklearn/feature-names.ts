import { isNdArray, textElements } from '../pickle/index.ts'
import { type EstimatorRecord, optional } from './record.ts'

/** `feature_names_in_`, which versions since 1.0 keep when the model was fitted on a table with text column names. */
export function featureNamesOf(record: EstimatorRecord): readonly string[] | undefined {
  const value = optional(record, 'feature_names_in_')
  if (!isNdArray(value)) return undefined
  record.budget.charge(value.bytes.length + (value.objects?.length ?? 0) * 8)
  return textElements(value)
}
