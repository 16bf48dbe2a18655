import { batcher } from './batching.ts'
import { logger } from './logging.ts'
import { notBelow, percentage } from './number-rules.ts'
import { podFields } from './pod.ts'
import { autoScaling, scaleMetricType, scalingFields } from './scaling.ts'
import { int64, kubernetesObject, textMap } from './schema.ts'
import { storageUris } from './storage.ts'

/** The fields of our own that predictor, transformer and explainer share. */
export const componentFields = {
  ...scalingFields,
  scaleMetricType,
  autoScaling,
  containerConcurrency: int64('Most requests that one replica handles at a time; 0 means no limit.', {
    rules: [notBelow(0, 'concurrency', '0 means no limit')],
  }),
  timeout: int64('Longest that a request may take, in seconds.', { rules: [notBelow(0, 'timeout')] }),
  canaryTrafficPercent: int64(
    'Percent of the traffic that the newest revision gets; the last one that was rolled out gets the rest.',
    { rules: [percentage('canary-traffic')] },
  ),
  logger,
  batcher,
  labels: textMap('Labels for the pods of this component.'),
  annotations: textMap('Annotations for the pods of this component.'),
  deploymentStrategy: kubernetesObject('DeploymentStrategy', {
    description: 'How old pods make room for new ones. Standard mode only.',
  }),
  storageUris,
}

/** A component: our fields and those of a pod, side by side. */
export const componentAndPodFields = { ...podFields, ...componentFields }
