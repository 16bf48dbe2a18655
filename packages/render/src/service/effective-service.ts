import { type InferenceService, type InferenceServiceSpec, parseDeploymentMode, withDefaults } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import type { Decision } from '../decision.ts'
import { userKeys } from '../keys.ts'
import { omit } from '../omit.ts'
import type { StringMap } from '../pod/shape.ts'
import type { Settings } from '../settings.ts'
import type { World } from '../world.ts'
import { localModelMetadata } from './local-model-match.ts'

export type Mode = 'Standard' | 'Knative' | 'ModelMesh'

/** A service as it is meant: defaults filled in, older spellings read. The user's own object is never rewritten. */
export interface EffectiveService {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly generation: number
  readonly labels: StringMap
  readonly annotations: StringMap
  readonly spec: InferenceServiceSpec
  readonly mode: Mode
  readonly stopped: boolean
  readonly decisions: readonly Decision[]
}

export function effectiveService(object: KubeObject, world: World, config: Settings): EffectiveService {
  const service = withDefaults(object as unknown as InferenceService, config)
  const { metadata, spec } = service
  const { mode, decisions } = chooseMode(object, config)
  const annotations = noteMode(metadata.annotations ?? {}, object, mode)
  const local = localModelMetadata(spec.predictor, metadata.namespace ?? '', annotations, {
    usesLocalModels: config.localModel.enabled,
    world,
  })
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name: metadata.name ?? '',
    namespace: metadata.namespace ?? '',
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 1,
    labels: { ...metadata.labels, ...local.labels },
    annotations: { ...annotations, ...local.annotations },
    spec,
    mode,
    stopped: isStopped(annotations),
    decisions,
  }
}

/** Pods carry the mode that their service was made in, so that a changed default does not restart them. */
function noteMode(annotations: StringMap, object: KubeObject, mode: Mode): StringMap {
  if (userKeys.deploymentMode in (object.metadata.annotations ?? {})) return annotations
  const rest = omit(annotations, userKeys.deploymentMode)
  return mode === 'Knative' ? rest : { ...rest, [userKeys.deploymentMode]: mode }
}

/** `serving.kserve.io/stop: "true"`, in any case. */
export function isStopped(annotations: StringMap): boolean {
  return annotations[userKeys.stop]?.toLowerCase() === 'true'
}

export interface ModeChoice {
  readonly mode: Mode
  readonly decisions: readonly Decision[]
}

/** What the service was made with stays; then its annotation, then the cluster's default. */
export function chooseMode(service: KubeObject, config: Settings): ModeChoice {
  const given = service.metadata.annotations?.[userKeys.deploymentMode]
  const parsed = given === undefined ? undefined : parseDeploymentMode(given)
  const recorded = parseDeploymentMode(String(Object(service['status']).deploymentMode ?? ''))
  const mode = recorded ?? parsed ?? config.deploy.defaultDeploymentMode
  const path = `metadata.annotations[${userKeys.deploymentMode}]`
  const source = mode === parsed ? 'annotation' : 'cluster'
  const chosen: Decision = {
    reason: 'DeploymentMode',
    message: `The deployment mode is ${mode}.`,
    level: 'info',
    source,
    path,
    value: mode,
  }
  if (given === undefined || parsed) return { mode, decisions: [chosen] }
  const unknown: Decision = {
    reason: 'UnknownDeploymentMode',
    message: `"${given}" is no deployment mode, so ${mode} is used: write Standard or Knative.`,
    level: 'warning',
    source: 'annotation',
    path,
    value: given,
  }
  return { mode, decisions: [chosen, unknown] }
}
