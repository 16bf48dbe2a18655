import type { KubeObject } from '@millrace/kube'
import type { ObserveInput, Observed } from '../seam.ts'
import { observeGraph } from './observe-graph.ts'
import { observeService } from './observe-service.ts'
import { observeTrainedModel } from './observe-trained-model.ts'

/**
 * The whole status of a service, graph or TrainedModel, from what is live. Conditions are derived from the parts, never set
 * by hand; equal inputs give the same object, so an unchanged status is not written.
 */
export function observe(input: ObserveInput): Observed {
  const { kind } = input.service
  if (kind === 'InferenceGraph') return observeGraph(input)
  if (kind === 'TrainedModel') return observeTrainedModel(input)
  return observeService(input)
}

/** Labels by which the pods of a service or graph are found. */
export function podLabels(service: KubeObject): Readonly<Record<string, string>> {
  const name = service.metadata.name ?? ''
  return service.kind === 'InferenceGraph'
    ? { 'serving.kserve.io/inferencegraph': name }
    : { 'serving.kserve.io/inferenceservice': name }
}
