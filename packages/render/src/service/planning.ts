import type { Container, PodSpec } from '@millrace/api'
import type { Decision, Problem } from '../decision.ts'
import { setEnv } from '../pod/container-edit.ts'
import type { Runtime } from '../runtime/select-runtime.ts'
import type { World } from '../world.ts'
import type { EffectiveService } from './effective-service.ts'

/** `explainers` of the configuration. */
export interface ExplainerSettings {
  readonly art?: { readonly image?: string; readonly defaultImageVersion?: string }
}

export interface PlanningInput {
  readonly service: EffectiveService
  readonly world: World
  /** Annotations that stay on the user's object. */
  readonly annotationsDisallowed: readonly string[]
  readonly explainers: ExplainerSettings
  /** GPU resource names beside the well-known ones. */
  readonly gpuResources: readonly string[]
}

export interface Refusal {
  readonly ok: false
  readonly problem: Problem
  readonly decisions: readonly Decision[]
  /** Known when something else than the choice of a runtime is the matter. */
  readonly runtime?: Runtime | undefined
}

/** Tells every server of a pod which service it belongs to. */
export function withServiceName(pod: PodSpec, service: string): PodSpec {
  return { ...pod, containers: pod.containers.map((container) => named(container, service)) }
}

export function named(container: Container, service: string): Container {
  return setEnv(container, [{ name: 'INFERENCE_SERVICE_NAME', value: service }])
}

export function refuse(problem: Problem, decisions: readonly Decision[] = [], runtime?: Runtime): Refusal {
  return { ok: false, problem, decisions, runtime }
}
