import type { CanarySpec, PredictorSpec } from '../../kinds/inference-service.ts'
import type { Reporter, ServiceCheck } from '../check-context.ts'
import { checkCustomProtocol } from './component-form.ts'
import { checkPredictorStorage, predictorStorageUri } from './storage-rules.ts'

/** Fields by which a predictor is scaled. A canary has a fixed number of replicas, `minReplicas`. */
const scalingFields = ['scaleTarget', 'scaleMetric', 'autoScaling'] as const

export function checkCanaries(check: ServiceCheck, report: Reporter): void {
  const { canary = [], predictor } = check.service.spec
  if (canary.length === 0) return
  const path = ['spec', 'canary']
  if (!predictor.model && predictorStorageUri(predictor) === undefined) {
    report.error(path, 'canary-predictor', 'needs a predictor with a model to be compared with')
  }
  const names = new Map<string, number>()
  for (const [index, each] of canary.entries()) checkCanary(each, index, names, predictor, report)
}

function checkCanary(
  canary: CanarySpec,
  index: number,
  names: Map<string, number>,
  stable: PredictorSpec,
  report: Reporter,
): void {
  const { predictor } = canary
  const place = ['spec', 'canary', index, 'predictor']
  checkCanaryName(predictor.name, index, names, stable, report)
  checkCustomProtocol(predictor, place, report)
  checkPredictorStorage(predictor, place, report)
  if (predictor.workerSpec) {
    report.error([...place, 'workerSpec'], 'canary-field', 'is not for canaries: a model on several nodes has none')
  }
  if ((predictor.maxReplicas ?? 0) > 0) reportFixed('maxReplicas')
  for (const field of scalingFields) if (predictor[field] !== undefined) reportFixed(field)
  const stableReplicas = stable.minReplicas ?? 1
  if (predictor.minReplicas !== undefined && predictor.minReplicas > stableReplicas) {
    const message = `must not be above the predictor's own, which is ${stableReplicas}`
    report.error([...place, 'minReplicas'], 'canary-replicas', message, { value: predictor.minReplicas })
  }

  function reportFixed(field: string): void {
    const message = 'is not for canaries: they have a fixed number of replicas, minReplicas'
    report.error([...place, field], 'canary-field', message)
  }
}

function checkCanaryName(
  name: string | undefined,
  index: number,
  names: Map<string, number>,
  stable: PredictorSpec,
  report: Reporter,
): void {
  const place = ['spec', 'canary', index, 'predictor', 'name']
  if (!name) {
    report.error(place, 'canary-name', 'is required: the canary is told apart by it')
    return
  }
  const first = names.get(name)
  if (first !== undefined) {
    report.error(place, 'canary-name', `is the name of canary ${first} too: choose another`, { value: name })
  } else if (name === stable.name) {
    report.error(place, 'canary-name', "is the predictor's own name: choose another", { value: name })
  }
  names.set(name, index)
}
