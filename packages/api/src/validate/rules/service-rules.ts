import { deploymentModeSpellings, parseDeploymentMode } from '../../deployment-mode.ts'
import type { ComponentSpec, InferenceService } from '../../kinds/inference-service.ts'
import { annotations as keys } from '../../wire-keys.ts'
import type { Reporter, ServiceCheck } from '../check-context.ts'
import { isRecord } from '../check-schema.ts'
import { nearName } from '../near-name.ts'
import { predictorStorageUri } from './storage-rules.ts'

type Path = readonly (string | number)[]

/** Names that become part of host names, and begin one. */
const hostName = /^[a-z]([-a-z0-9]*[a-z0-9])?$/

/** A host name's part may be this long; `-predictor` is added to a service's name. */
const labelMax = 63

export function checkHostName(name: string | undefined, report: Reporter): void {
  if (name === undefined || hostName.test(name)) return
  const message = `${JSON.stringify(name)} cannot begin a host name: use lower-case letters, digits and "-", begin with a letter and end with a letter or digit`
  report.error(['metadata', 'name'], 'name', message, { value: name })
}

export function checkServiceName({ service }: ServiceCheck, report: Reporter): void {
  const { name } = service.metadata
  checkHostName(name, report)
  const longest = service.spec.transformer ? '-transformer' : '-predictor'
  if (name === undefined || name.length + longest.length <= labelMax) return
  const message = `is too long: "${longest}" is added to it, and a host name's part may have ${labelMax} characters; use at most ${labelMax - longest.length}`
  report.warn(['metadata', 'name'], 'name-length', message, { value: name })
}

export function checkDeploymentMode({ service, annotations, context }: ServiceCheck, report: Reporter): void {
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
  const before = oldService(context.old)?.status?.deploymentMode
  if (!before || parseDeploymentMode(before) === mode) return
  const message = `cannot be changed from ${parseDeploymentMode(before) ?? before} to ${mode}: make ${service.metadata.name} anew in the other mode`
  report.error(path, 'deployment-mode-change', message, { value })
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

export function checkComponentNumbers(
  check: ServiceCheck,
  component: ComponentSpec,
  path: Path,
  report: Reporter,
): void {
  const { containerConcurrency, canaryTrafficPercent, timeout } = component
  if (containerConcurrency !== undefined && containerConcurrency < 0) {
    const message = 'must not be below 0 (0 means no limit)'
    report.error([...path, 'containerConcurrency'], 'concurrency', message, { value: containerConcurrency })
  }
  if (timeout !== undefined && timeout < 0) {
    report.error([...path, 'timeout'], 'timeout', 'must not be below 0', { value: timeout })
  }
  if (canaryTrafficPercent === undefined) return
  const place = [...path, 'canaryTrafficPercent']
  const options = { value: canaryTrafficPercent }
  if (canaryTrafficPercent < 0 || canaryTrafficPercent > 100) {
    report.error(place, 'canary-traffic', `must be from 0 to 100, but is ${canaryTrafficPercent}`, options)
  } else if (check.mode === 'Standard') {
    const message =
      'has no effect in Standard mode, which keeps no older revision: describe the other model in spec.canary'
    report.warn(place, 'mode-ignores', message, options)
  }
}

export function checkLogger(component: ComponentSpec, path: Path, report: Reporter): void {
  const { logger } = component
  if (!logger) return
  if (logger.mode === undefined) {
    report.error([...path, 'logger', 'mode'], 'logger-mode', 'is required: all, request or response')
  }
  if (!logger.storage) return
  for (const field of ['path', 'parameters', 'key'] as const) {
    if (logger.storage[field] !== undefined) continue
    report.error([...path, 'logger', 'storage', field], 'logger-storage', 'is required for logs in storage: add it')
  }
}
