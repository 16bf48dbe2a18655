import type { KubeObject } from '@millrace/kube'
import type { Capabilities, Knative } from './capabilities.ts'
import type { Decision, Problem } from './decision.ts'
import type { Gathered, Read } from './gathered.ts'
import type { Settings } from './settings.ts'

/** Kinds that have a front end here: InferenceService, InferenceGraph, TrainedModel. The object is taken as the API server defaulted it. */
export interface RenderInput {
  readonly service: KubeObject
  readonly world: Gathered
  /** Live children (owned by the service), all kinds that `render` can emit; absent offline. Never Pods. */
  readonly children: readonly KubeObject[]
  readonly config: Settings
  readonly capabilities: Capabilities
  readonly knative: Knative
  /** Namespace of `inferenceservice-config`; CA bundles are read from it. */
  readonly controllerNamespace: string
  /**
   * Whether applying a rendered Knative Service would leave the live one's template as it is. Absent: they are compared field
   * by field, which does not see that something is no longer rendered.
   */
  readonly isTemplateUnchanged?: (rendered: KubeObject, live: KubeObject) => boolean
}

export interface Rendered {
  readonly ok: true
  /** In apply order: what is referred to comes first. Each has apiVersion, kind, name, namespace, owner reference. */
  readonly objects: readonly KubeObject[]
  readonly decisions: readonly Decision[]
  /** What `observe` needs beyond the objects. */
  readonly facts: Facts
}

/**
 * The service cannot be rendered as it stands. Nothing is to be applied and nothing pruned: what already serves is left
 * alone. `observe` makes the status of it.
 */
export interface Refused {
  readonly ok: false
  readonly problem: Problem
  readonly decisions: readonly Decision[]
  readonly facts: Facts
}

export type RenderResult = Rendered | Refused

export interface Facts {
  readonly mode: 'Standard' | 'Knative' | 'ModelMesh'
  readonly stopped: boolean
  readonly runtime?: { readonly name: string; readonly scope: 'namespace' | 'cluster' }
}

export interface ObserveInput {
  readonly service: KubeObject
  readonly rendered: RenderResult
  readonly world: Gathered
  readonly config: Settings
  /** Live children with their status, after apply and prune. */
  readonly children: readonly KubeObject[]
  /** Pods of the service (label `serving.kserve.io/inferenceservice`, or `app` for graphs). */
  readonly pods: readonly KubeObject[]
  /** RFC 3339, whole seconds. */
  readonly now: string
}

/** The whole status to write. Equal to the one given in `service.status` when nothing changed. */
export type Observed = Readonly<Record<string, unknown>>

export type Render = (input: RenderInput) => RenderResult
export type Observe = (input: ObserveInput) => Observed
/**
 * What is to be gathered, as far as the world so far tells: service → runtimes and service accounts → Secrets. Call it
 * again with the grown world until it asks for nothing that was not asked for before (three rounds at most).
 */
export type Reads = (
  input: Pick<RenderInput, 'service' | 'world' | 'config' | 'controllerNamespace'>,
) => readonly Read[]
