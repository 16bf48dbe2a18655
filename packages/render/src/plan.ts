import type { ComponentSpec, PodSpec, PredictorSpec } from '@millrace/api'
import type { ComponentName } from './names.ts'
import type { StringMap } from './pod/shape.ts'
import type { Runtime } from './runtime/select-runtime.ts'

/** Who owns what is made, and where it goes. */
export interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly generation: number
  readonly labels: StringMap
  readonly annotations: StringMap
}

/** The fields of a component that say how it is deployed, under the API's own names. */
export type Deploying = Pick<
  ComponentSpec,
  | 'minReplicas'
  | 'maxReplicas'
  | 'scaleTarget'
  | 'scaleMetric'
  | 'autoScaling'
  | 'containerConcurrency'
  | 'timeout'
  | 'canaryTrafficPercent'
  | 'logger'
  | 'batcher'
  | 'deploymentStrategy'
>

/** Worker pods of a multi-node predictor. The workload itself is the head. */
export interface WorkerPlan {
  readonly name: string
  readonly labels: StringMap
  readonly annotations: StringMap
  readonly pod: PodSpec
  readonly replicas: number
}

/**
 * One set of equal pods behind one Service: a component, a canary of the predictor, or a graph's router. Platform-neutral;
 * a back end makes a Deployment or a Knative Service of it.
 */
export interface Workload {
  readonly component: ComponentName | 'router'
  /** Name of the canary; absent for the main workload of a component. */
  readonly canary?: string
  readonly name: string
  readonly labels: StringMap
  readonly annotations: StringMap
  /** `min-scale`, `max-scale` and `initial-scale` as users wrote them, the disallow list notwithstanding: they are read, not passed on. */
  readonly scaleAnnotations: StringMap
  /** As Knative would get it: what `completePod` adds by the annotations is not in it yet. */
  readonly pod: PodSpec
  readonly deploying: Deploying
  /** `storageUris`: several models, each at its own path. */
  readonly sources?: NonNullable<ComponentSpec['storageUris']>
  readonly storageContainerName?: string | undefined
  readonly worker?: WorkerPlan
}

/** A service, planned. */
export interface Plan {
  readonly owner: Owner
  /** The owner's labels with those that it gets by its server. */
  readonly labels: StringMap
  readonly workloads: readonly Workload[]
  readonly predictor: PredictorSpec
  /** The server takes models while it runs, from a ConfigMap. */
  readonly isMultiModel: boolean
  readonly runtime?: Runtime
}
