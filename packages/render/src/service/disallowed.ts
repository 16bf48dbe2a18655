import { internalKeys, knativeKeys } from '../keys.ts'
import type { Settings } from '../settings.ts'

/** Keys that never go from a service to its children: scale bounds have fields, the rest is about the service alone. */
const annotationsKept: readonly string[] = [
  knativeKeys.minScale,
  knativeKeys.maxScale,
  internalKeys.storageInitializerSourceUri,
  'kubectl.kubernetes.io/last-applied-configuration',
  internalKeys.modelFormat,
]

const labelsKept: readonly string[] = [knativeKeys.visibility]

export interface Disallowed {
  readonly annotations: readonly string[]
  /** For revisions and routes only; Deployments get all labels. */
  readonly labels: readonly string[]
}

/** Our lists with those of the configuration. */
export function disallowed(settings: Settings): Disallowed {
  const { serviceAnnotationDisallowedList = [], serviceLabelDisallowedList = [] } = settings.inferenceService
  return {
    annotations: [...annotationsKept, ...serviceAnnotationDisallowedList],
    labels: [...labelsKept, ...serviceLabelDisallowedList],
  }
}
