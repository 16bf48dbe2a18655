/** One place where the two sides differ. `undefined` on a side: not there. */
export interface Difference {
  /** `object Deployment.apps/x | spec.replicas`, `pod … | …`, `status … | …`, `refusal`. */
  readonly path: string
  readonly theirs: unknown
  readonly ours: unknown
  readonly marks: readonly Mark[]
}

/**
 * Facts that rules may ask for. Of the service that the difference belongs to: the renderer refused it, for a reason; a
 * child's controller has not seen its newest spec, and whose that is; KServe's attempt ended in an error; it is stopped, or
 * was; a pod's word, or another configuration, came after KServe last looked; one of its pods fails, or downloads again after it failed; it has no such component, or has a transformer; it or a component says by annotation how far to scale; the first
 * of a component's sources is mounted and a later one downloaded; its explainer is not ready; KServe has made it no
 * VirtualService; of a TrainedModel: KServe was not called to look at it, its server does not read its format; ModelMesh has it; the graph's Deployment, or a service of its
 * steps, is not available. Of the object: nothing asks for it any more; KServe's has the labels and annotations that it had in the step before. Of the case: KServe never came to rest; its configuration is broken; something was
 * installed while it ran; Knative's autoscaler settings are missing.
 */
export type Mark =
  | `refused: ${string}`
  | 'unseen'
  | `unseen ${string}`
  | 'broken'
  | 'stopped'
  | 'resumed'
  | 'pod news'
  | 'config news'
  | 'failing pod'
  | 'download retried'
  | `without ${string}`
  | 'with transformer'
  | 'scale annotated'
  | 'mixed sources'
  | 'explainer not ready'
  | 'no VirtualService'
  | 'no Gateway API'
  | 'not looked at'
  | 'unsupported format'
  | 'unavailable'
  | 'step not ready'
  | 'ModelMesh'
  | 'left behind'
  | 'as before'
  | 'restless'
  | 'broken config'
  | 'installed'
  | 'no-autoscaler-config'

/** Every leaf in which two values differ. Lists are compared item by item. */
export function differences(path: string, theirs: unknown, ours: unknown, marks: readonly Mark[]): Difference[] {
  if (JSON.stringify(theirs) === JSON.stringify(ours)) return []
  if (isContainer(theirs) && isContainer(ours) && Array.isArray(theirs) === Array.isArray(ours)) {
    const keys = new Set([...Object.keys(theirs), ...Object.keys(ours)])
    return [...keys]
      .sort()
      .flatMap((key) => differences(`${path}.${key}`, Reflect.get(theirs, key), Reflect.get(ours, key), marks))
  }
  return [{ path, theirs, ours, marks }]
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
