import { deploymentModeSpellings, parseDeploymentMode } from '../../deployment-mode.ts'
import type { InferenceService } from '../../kinds/inference-service.ts'
import { annotations as keys } from '../../wire-keys.ts'
import type { Reporter, ServiceCheck } from '../check-context.ts'
import { isRecord } from '../check-schema.ts'
import { nearName } from '../near-name.ts'
import { predictorStorageUri } from './storage-rules.ts'

/** A host name's part may be this long; `-predictor` is added to a service's name. */
const labelMax = 63

export function checkServiceName({ service }: ServiceCheck, report: Reporter): void {
  const { name } = service.metadata
  const longest = service.spec.transformer ? '-transformer' : '-predictor'
  if (name === undefined || name.length + longest.length <= labelMax) return
  const message = `is too long: "${longest}" is added to it, and a host name's part may have ${labelMax} characters; use at most ${labelMax - longest.length}`
  report.warn(['metadata', 'name'], 'name-length', message, { value: name })
}

/** A service or graph that names its mode. */
export interface ModeCheck {
  readonly name: string | undefined
  readonly annotations: Readonly<Record<string, string>>
  readonly old: unknown
}

/** The mode must be known, and stays what the object was made with. */
export function checkDeploymentMode({ name, annotations, old }: ModeCheck, report: Reporter): void {
  const value = annotations[keys.deploymentMode]
  if (value === undefined) return
  const path = ['metadata', 'annotations', keys.deploymentMode]
  const mode = parseDeploymentMode(value)
  if (!mode) {
    const near = nearName(value, deploymentModeSpellings)
    const options = near === undefined ? { value } : { value, suggestion: near }
    const message = `${JSON.stringify(value)} is not a deployment mode: use Standard or Knative`
    report.error(path, 'deployment-mode', message, options)
    return
  }
  const before = recordedMode(old)
  if (!before || parseDeploymentMode(before) === mode) return
  const message = `cannot be changed from ${parseDeploymentMode(before) ?? before} to ${mode}: make ${name} anew in the other mode`
  report.error(path, 'deployment-mode-change', message, { value })
}

function recordedMode(old: unknown): string | undefined {
  const status = isRecord(old) ? old['status'] : undefined
  const mode = isRecord(status) ? status['deploymentMode'] : undefined
  return typeof mode === 'string' ? mode : undefined
}

/** A predictor's name is part of its children's names: it changes only together with the model. */
export function checkPredictorNameChange({ service, context }: ServiceCheck, report: Reporter): void {
  const before = oldService(context.old)?.spec.predictor
  const { predictor } = service.spec
  if (!before || (before.name ?? '') === (predictor.name ?? '')) return
  if ((predictorStorageUri(before) ?? '') !== (predictorStorageUri(predictor) ?? '')) return
  const message = 'may change only together with the model: change storageUri too'
  report.error(['spec', 'predictor', 'name'], 'predictor-name-change', message, { value: predictor.name })
}

function oldService(old: unknown): InferenceService | undefined {
  return isRecord(old) && isRecord(old['spec']) && isRecord(old['spec']['predictor'])
    ? (old as unknown as InferenceService)
    : undefined
}
