import type { ComponentSpec, InferenceService } from '../kinds/inference-service.ts'
import { checkFieldsByMode } from '../modes/check-fields-by-mode.ts'
import { type CheckContext, gatherFindings, modeOf, type Reporter, type ServiceCheck } from './check-context.ts'
import type { Finding } from './finding.ts'
import { checkCanaries } from './rules/canary-rules.ts'
import { checkCustomProtocol, checkServerName } from './rules/component-form.ts'
import { checkServiceContainers } from './rules/container-rules.ts'
import { checkMultiNode } from './rules/multi-node-rules.ts'
import { checkScaleAnnotations, checkScaleBounds, type ScaleBounds } from './rules/scale-annotation-rules.ts'
import { checkAutoscalerClass, checkScaling } from './rules/scaling-rules.ts'
import { checkDeploymentMode, checkPredictorNameChange, checkServiceName } from './rules/service-rules.ts'
import { checkServiceStorage } from './rules/storage-rules.ts'

/**
 * What the schema cannot say about an InferenceService. Expects one that the schema accepts, without nulls (`checkObject`
 * sees to both).
 */
export function checkInferenceService(service: InferenceService, context: CheckContext = {}): Finding[] {
  const annotations = service.metadata.annotations ?? {}
  const check: ServiceCheck = { service, annotations, mode: modeOf(annotations, context), context }
  return gatherFindings((report) => {
    checkServiceName(check, report)
    checkDeploymentMode({ name: service.metadata.name, annotations, old: context.old }, report)
    checkPredictorNameChange(check, report)
    checkAutoscalerClass(annotations, report)
    if (check.mode === 'Knative') checkScaleAnnotations(annotations, ['metadata'], report)
    checkFieldsByMode(service, check.mode, report)
    checkComponents(check, report)
    checkServiceStorage(service.spec, report)
    checkServiceContainers(service.spec, report)
    checkMultiNode(check, report)
    checkCanaries(check, report)
  })
}

function checkComponents(check: ServiceCheck, report: Reporter): void {
  const { predictor, transformer, explainer } = check.service.spec
  checkCustomProtocol(predictor, ['spec', 'predictor'], report)
  checkServerName(predictor, ['spec', 'predictor'], report)
  for (const [name, component] of Object.entries({ predictor, transformer, explainer })) {
    if (!component) continue
    const path = ['spec', name]
    checkScaling(check, component, path, report)
    if (check.mode !== 'Knative') continue
    checkScaleAnnotations(component.annotations, path, report)
    checkScaleBounds(boundsOf(check, component, path), report)
  }
}

function boundsOf({ annotations }: ServiceCheck, component: ComponentSpec, path: readonly string[]): ScaleBounds {
  const { minReplicas, maxReplicas } = component
  return { path, service: annotations, component: component.annotations, minReplicas, maxReplicas }
}
