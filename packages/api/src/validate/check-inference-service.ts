import type { InferenceService } from '../kinds/inference-service.ts'
import { parseDeploymentMode, type ParsedDeploymentMode } from '../deployment-mode.ts'
import { annotations as keys } from '../wire-keys.ts'
import { type CheckContext, gatherFindings, type Reporter, type ServiceCheck } from './check-context.ts'
import type { Finding } from './finding.ts'
import { checkCanaries } from './rules/canary-rules.ts'
import {
  checkExplainerForm,
  checkPredictorForm,
  checkServerName,
  checkTransformerForm,
} from './rules/component-form.ts'
import { checkServiceContainers } from './rules/container-rules.ts'
import { checkMultiNode } from './rules/multi-node-rules.ts'
import { checkAutoscalerClass, checkReplicas, checkScaling } from './rules/scaling-rules.ts'
import {
  checkComponentNumbers,
  checkDeploymentMode,
  checkLogger,
  checkPredictorNameChange,
  checkScaleAnnotations,
  checkServiceName,
} from './rules/service-rules.ts'
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
    checkDeploymentMode(check, report)
    checkPredictorNameChange(check, report)
    checkAutoscalerClass(check, report)
    checkScaleAnnotations(annotations, ['metadata'], report)
    checkComponents(check, report)
    checkServiceStorage(service.spec, report)
    checkServiceContainers(service.spec, report)
    checkMultiNode(check, report)
    checkCanaries(check, report)
  })
}

/** The mode a service runs in. An unknown word counts as the default here; `checkDeploymentMode` refuses it. */
function modeOf(annotations: Readonly<Record<string, string>>, context: CheckContext): ParsedDeploymentMode {
  const wanted = annotations[keys.deploymentMode]
  const byDefault = context.defaultDeploymentMode ?? 'Standard'
  return wanted === undefined ? byDefault : (parseDeploymentMode(wanted) ?? byDefault)
}

function checkComponents(check: ServiceCheck, report: Reporter): void {
  const { predictor, transformer, explainer } = check.service.spec
  checkPredictorForm(predictor, ['spec', 'predictor'], report)
  checkServerName(predictor, ['spec', 'predictor'], report)
  if (transformer) checkTransformerForm(transformer, ['spec', 'transformer'], report)
  if (explainer) checkExplainerForm(explainer, ['spec', 'explainer'], report)
  for (const [name, component] of Object.entries({ predictor, transformer, explainer })) {
    if (!component) continue
    const path = ['spec', name]
    checkReplicas(component, path, report)
    checkComponentNumbers(check, component, path, report)
    checkLogger(component, path, report)
    checkScaling(check, component, path, report)
    checkScaleAnnotations(component.annotations, path, report)
  }
}
