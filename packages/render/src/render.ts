import type { KubeObject } from '@millrace/kube'
import { emitKnative } from './backend/knative.ts'
import { modelConfig } from './backend/model-config.ts'
import { caBundleConfigMap } from './backend/ca-bundle.ts'
import { deadlineDecisions } from './backend/progress-deadline.ts'
import { checkNames } from './backend/check-standard.ts'
import { type EmitInput, emitStandard } from './backend/standard.ts'
import type { Decision, Problem } from './decision.ts'
import { renderGraph } from './graph/render-graph.ts'
import type { Plan } from './plan.ts'
import type { Runtime } from './runtime/select-runtime.ts'
import type { Facts, Refused, RenderInput, RenderResult } from './seam.ts'
import { canaryTraffic } from './service/canary-traffic.ts'
import { type EffectiveService, effectiveService } from './service/effective-service.ts'
import { withIgnoredFields } from './service/ignored-fields.ts'
import { planService } from './service/plan-service.ts'
import { withReadyCanaries } from './service/canary-replicas.ts'
import { type World, worldOf } from './world.ts'

/**
 * Everything that a service needs in the cluster, as data. Never throws for anything a user or administrator wrote: what
 * cannot be rendered is a `Refused` with the reason and the next step. Equal inputs give equal results.
 */
export function render(input: RenderInput): RenderResult {
  const { service } = input
  if (service.kind === 'TrainedModel')
    return { ok: true, objects: [], decisions: [], facts: { mode: 'Standard', stopped: false } }
  return withIgnoredFields(service.kind === 'InferenceGraph' ? renderGraph(input) : renderService(input), service)
}

function renderService(input: RenderInput): RenderResult {
  const world = worldOf(input.world)
  const { config } = input
  const service = effectiveService(input.service, world, config)
  const facts: Facts = { mode: service.mode, stopped: service.stopped }
  // Another controller looks after these.
  if (service.mode === 'ModelMesh') return { ok: true, objects: [], decisions: service.decisions, facts }
  if (service.mode === 'Knative' && !input.capabilities.knative) return refused(noKnative, facts, service.decisions)
  const annotationsDisallowed = config.inferenceService.serviceAnnotationDisallowedList
  const planned = planService({
    service,
    world,
    annotationsDisallowed,
    explainers: config.explainers,
    gpuResources: config.multiNode.customGPUResourceTypeList,
  })
  if (!planned.ok) return refused(planned.problem, withRuntime(facts, planned.runtime), planned.decisions)
  const { plan } = planned
  const decisions = [
    ...planned.decisions,
    ...deadlineDecisions(plan.workloads),
    ...canaryTraffic(service, config.ingress),
  ]
  const { runtime } = plan
  const known = withRuntime(facts, runtime)
  const tooLong = checkNames(plan, service.mode)
  if (tooLong) return refused(tooLong, known, decisions)
  const shared = [...caBundle(service.namespace, world, input), ...modelList(plan, world)]
  if (service.stopped) return { ok: true, objects: shared, decisions, facts: known }
  const emitInput: EmitInput = {
    plan: withReadyCanaries(plan, service.spec, input.children),
    settings: config,
    capabilities: input.capabilities,
    world,
    children: input.children,
    controllerNamespace: input.controllerNamespace,
    annotationsDisallowed,
    labelsDisallowed: config.inferenceService.serviceLabelDisallowedList,
    canaries: canariesOf(service),
  }
  const emitted =
    service.mode === 'Standard'
      ? emitStandard(emitInput)
      : emitKnative({
          ...emitInput,
          service: input.service,
          knative: input.knative,
          ...(input.isTemplateUnchanged ? { isTemplateUnchanged: input.isTemplateUnchanged } : {}),
        })
  if (!emitted.ok) return refused(emitted.problem, known, decisions)
  return {
    ok: true,
    objects: [...shared, ...emitted.objects],
    decisions: [...decisions, ...emitted.decisions],
    facts: known,
  }
}

function withRuntime(facts: Facts, runtime: Runtime | undefined): Facts {
  return runtime ? { ...facts, runtime: { name: runtime.name, scope: runtime.scope } } : facts
}

function canariesOf(service: EffectiveService): EmitInput['canaries'] {
  return (service.spec.canary ?? []).map((canary) => ({
    name: canary.predictor.name ?? '',
    percent: canary.trafficPercent,
  }))
}

function caBundle(
  namespace: string,
  world: World,
  { config, controllerNamespace }: RenderInput,
): readonly KubeObject[] {
  const bundle = caBundleConfigMap({ namespace, world, settings: config, controllerNamespace })
  return bundle ? [bundle] : []
}

/** The models that a multi-model server shall load, also once it is started again. */
function modelList(plan: Plan, world: World): readonly KubeObject[] {
  return plan.isMultiModel ? [modelConfig(plan, world)] : []
}

const noKnative: Problem = {
  reason: 'KnativeNotInstalled',
  message:
    'The deployment mode is Knative, but Knative Serving is not installed: install it, or set the annotation serving.kserve.io/deploymentMode to Standard on a new service.',
}

function refused(problem: Problem, facts: Facts, decisions: readonly Decision[]): Refused {
  return { ok: false, problem, decisions, facts }
}
