import { type InferenceGraphSpec, labelsNeverPropagated } from '@millrace/api'
import { emitKnative } from '../backend/knative.ts'
import { deadlineDecisions } from '../backend/progress-deadline.ts'
import { checkNames } from '../backend/check-standard.ts'
import { type EmitInput, emitWorkload } from '../backend/standard.ts'
import type { Problem } from '../decision.ts'
import { hostOf } from '../exposure/domain.ts'
import { labelKeys } from '../keys.ts'
import type { Owner, Plan, Workload } from '../plan.ts'
import type { Facts, RenderInput, RenderResult } from '../seam.ts'
import { chooseMode, isStopped } from '../service/effective-service.ts'
import { type World, worldOf } from '../world.ts'
import { routerPod } from './router-pod.ts'
import { stepUrl } from './step-url.ts'

/** InferenceGraph → objects: a router that knows where each step's service is. */
export function renderGraph(input: RenderInput): RenderResult {
  const { service, config } = input
  const spec = service['spec'] as InferenceGraphSpec
  const annotations = service.metadata.annotations ?? {}
  const chosen = chooseMode(service, config)
  const { mode } = chosen
  const decisions = [...chosen.decisions]
  const stopped = isStopped(annotations)
  const facts: Facts = { mode, stopped }
  if (stopped) return { ok: true, objects: [], decisions, facts }
  const world = worldOf(input.world)
  const resolved = resolveSteps(spec, service.metadata.namespace ?? '', world)
  if (!resolved.ok) return { ok: false, problem: resolved.problem, decisions, facts }
  if (mode !== 'Standard' && !input.capabilities.knative) return { ok: false, problem: noKnative, decisions, facts }
  const emitInput = {
    ...emitInputOf(input, resolved.spec, mode === 'Standard', world),
    service,
    knative: input.knative,
    ...(input.isTemplateUnchanged ? { isTemplateUnchanged: input.isTemplateUnchanged } : {}),
  }
  const [workload] = emitInput.plan.workloads
  decisions.push(...deadlineDecisions(emitInput.plan.workloads))
  const tooLong = checkNames(emitInput.plan, mode)
  if (tooLong) return { ok: false, problem: tooLong, decisions, facts }
  const host = hostOf(service.metadata.name ?? '', emitInput.plan.owner, config.ingress)
  if (mode === 'Standard' && !host.ok) return { ok: false, problem: host.problem, decisions, facts }
  if (workload && mode === 'Standard') {
    const emitted = emitWorkload(workload, emitInput)
    if (!emitted.ok) return { ok: false, problem: emitted.problem, decisions, facts }
    return { ok: true, objects: emitted.objects, decisions: [...decisions, ...emitted.decisions], facts }
  }
  const emitted = emitKnative(emitInput)
  if (!emitted.ok) return { ok: false, problem: emitted.problem, decisions, facts }
  return { ok: true, objects: emitted.objects, decisions: [...decisions, ...emitted.decisions], facts }
}

const noKnative: Problem = {
  reason: 'KnativeNotInstalled',
  message:
    'The deployment mode is Knative, but Knative Serving is not installed: install it, or set the annotation serving.kserve.io/deploymentMode to Standard on a new graph.',
}

function emitInputOf(input: RenderInput, spec: InferenceGraphSpec, isStandard: boolean, world: World): EmitInput {
  const { metadata, apiVersion, kind } = input.service
  const name = metadata.name ?? ''
  const owner: Owner = {
    apiVersion,
    kind,
    name,
    namespace: metadata.namespace ?? '',
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 1,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
  }
  const { minReplicas, maxReplicas, scaleTarget, scaleMetric, timeout } = spec
  const scaling = { minReplicas, maxReplicas, scaleTarget, scaleMetric, timeout: isStandard ? undefined : timeout }
  const workload: Workload = {
    component: 'router',
    name,
    labels: isStandard
      ? { ...owner.labels, [labelKeys.inferenceGraph]: name }
      : { ...owner.labels, [labelKeys.inferenceGraph]: name, [labelKeys.workloadKind]: 'InferenceGraph' },
    annotations: owner.annotations,
    scaleAnnotations: owner.annotations,
    pod: routerPod(spec, name, input.config.router),
    deploying: Object.fromEntries(Object.entries(scaling).filter(([, value]) => value !== undefined)),
  }
  const plan: Plan = { owner, labels: owner.labels, workloads: [workload], predictor: {}, isMultiModel: false }
  return {
    plan,
    settings: input.config,
    capabilities: input.capabilities,
    world,
    children: input.children,
    controllerNamespace: input.controllerNamespace,
    annotationsDisallowed: [],
    labelsDisallowed: labelsNeverPropagated,
    canaries: [],
  }
}

type Resolved =
  | { readonly ok: true; readonly spec: InferenceGraphSpec }
  | { readonly ok: false; readonly problem: Problem }

/** Puts the URL of each step's service where the step names a service and has no URL of its own. */
function resolveSteps(spec: InferenceGraphSpec, namespace: string, world: World): Resolved {
  const nodes: Record<string, InferenceGraphSpec['nodes'][string]> = {}
  for (const [nodeName, node] of Object.entries(spec.nodes)) {
    const steps = []
    for (const [index, step] of (node.steps ?? []).entries()) {
      if (!step.serviceName) {
        steps.push(step)
        continue
      }
      const path = `spec.nodes.${nodeName}.steps[${index}].serviceName`
      const service = world.find('InferenceService', step.serviceName, namespace)
      if (!service)
        return refuse(
          'ServiceNotFound',
          `Service "${step.serviceName}" does not exist in namespace "${namespace}": create it, or correct the step.`,
          path,
        )
      if (step.serviceUrl) {
        steps.push(step)
        continue
      }
      const url = stepUrl(service, world)
      if (!url.ok) return refuse('ServiceNotReady', url.message, path)
      steps.push({ ...step, serviceUrl: url.url })
    }
    nodes[nodeName] = node.steps ? { ...node, steps } : node
  }
  return { ok: true, spec: { ...spec, nodes } }
}

function refuse(reason: string, message: string, path: string): Resolved {
  return { ok: false, problem: { reason, message, path } }
}
