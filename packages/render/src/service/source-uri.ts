import type { PredictorSpec } from '@millrace/api'
import { containerNames, envNames } from '../keys.ts'

/** The location of a single model: the model's own, or what a custom server's STORAGE_URI says. */
export function sourceUri(predictor: PredictorSpec): string | undefined {
  if (predictor.model) return predictor.model.storageUri
  const server = predictor.containers?.find((container) => container.name === containerNames.server)
  const variable = server?.env?.find((candidate) => candidate.name === envNames.storageUri)
  return variable === undefined ? undefined : (variable.value ?? '')
}
