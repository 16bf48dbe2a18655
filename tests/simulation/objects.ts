import type { KubeObject } from '@millrace/kube'

/** Looks into objects of any kind, whose fields are not known to the compiler. */
export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

export function conditionOf(object: KubeObject | undefined, type: string): Condition | undefined {
  const conditions: unknown = Object(object?.['status']).conditions
  return Array.isArray(conditions) ? (conditions as readonly Condition[]).find((one) => one.type === type) : undefined
}

export function isReady(object: KubeObject | undefined): boolean {
  return conditionOf(object, 'Ready')?.status === 'True'
}

export function isStopped(object: KubeObject): boolean {
  return object.metadata.annotations?.['serving.kserve.io/stop'] === 'true'
}

/** In Standard mode, with nobody who scales: as many pods as are asked for, and that is none. */
export function asksForNoPods(service: KubeObject): boolean {
  const { predictor } = Object(service['spec'])
  const isUnscaled = service.metadata.annotations?.['serving.kserve.io/autoscalerClass'] === 'none'
  return isUnscaled && modeOf(service) === 'Standard' && Object(predictor).minReplicas === 0
}

/** Reached from within the cluster only. */
export function isHidden(service: KubeObject): boolean {
  return service.metadata.labels?.['networking.kserve.io/visibility'] === 'cluster-local'
}

export function observedGeneration(object: KubeObject): number | undefined {
  return Object(object['status']).observedGeneration
}

export function modeOf(object: KubeObject): string | undefined {
  return Object(object['status']).deploymentMode
}

/** Ours by its owner. */
export function ownerOf(
  object: KubeObject,
): { readonly kind: string; readonly name: string; readonly uid: string } | undefined {
  return object.metadata.ownerReferences?.find(({ apiVersion }) => apiVersion.startsWith('serving.kserve.io/'))
}

/** What tells the newest version of a component from every other: part of every pod that is made of it. */
export function markerOf(component: unknown): string {
  const { model, sklearn, containers } = Object(component)
  const uri: unknown = model?.storageUri ?? sklearn?.storageUri
  return String(uri ?? Object(Object(containers)[0]).image ?? '')
}

/** In its spec, or in the annotations by which Knative's pods are finished later. */
export function hasMarker({ spec, metadata }: KubeObject, marker: string): boolean {
  const text = JSON.stringify([spec, metadata.annotations])
  return marker !== '' && text.includes(JSON.stringify(marker).slice(1, -1))
}

export const isPrimary = ({ kind, apiVersion }: KubeObject): boolean =>
  apiVersion.startsWith('serving.kserve.io/') && ['InferenceService', 'InferenceGraph', 'TrainedModel'].includes(kind)

export const labels = {
  service: 'serving.kserve.io/inferenceservice',
  graph: 'serving.kserve.io/inferencegraph',
  component: 'component',
}
