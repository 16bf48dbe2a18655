import type { KubeObject } from '@millrace/kube'
import type { Decision, Problem } from '../decision.ts'
import { deploymentStates } from '../observe/deployment-state.ts'
import { type Exposure, exposureOf, findChild } from '../exposure/exposure.ts'
import { missingPiece } from '../missing-piece.ts'
import type { Plan, Workload } from '../plan.ts'
import { type CompletePodInput, completePod } from '../pod/complete-pod.ts'
import type { PodTemplate } from '../pod/shape.ts'
import { addSources } from '../pod/storage-initializer.ts'
import type { Settings } from '../settings.ts'
import type { World } from '../world.ts'
import type { Capabilities } from '../capabilities.ts'
import { ofComponent } from '../component-condition.ts'
import { checkStandard } from './check-standard.ts'
import { deployment, podTemplate, pulledOnce, workerDeployment, workerTemplate } from './deployment.ts'
import { disruptionBudget } from './disruption-budget.ts'
import { autoscalerClass, horizontalPodAutoscaler } from './hpa.ts'
import { httpRoutes } from './http-route.ts'
import { ingress } from './ingress.ts'
import { collectedMetrics, scaledObject } from './keda.ts'
import { type Backend, keptWhileUnready } from './kept-route.ts'
import { otelCollector } from './otel-collector.ts'
import { nodeServices, workloadService } from './service.ts'
import { multipleSources, podSettings } from './pod-input.ts'

export interface EmitInput {
  readonly plan: Plan
  readonly settings: Settings
  readonly capabilities: Capabilities
  readonly world: World
  readonly children: readonly KubeObject[]
  readonly controllerNamespace: string
  readonly annotationsDisallowed: readonly string[]
  readonly labelsDisallowed: readonly string[]
  /** Canaries the service declares: name and share. */
  readonly canaries: readonly { readonly name: string; readonly percent: number }[]
}

export type Emitted =
  | { readonly ok: true; readonly objects: readonly KubeObject[]; readonly decisions: readonly Decision[] }
  | { readonly ok: false; readonly problem: Problem }

/**
 * Plan → objects in Standard mode: for each workload Service, Deployment and autoscaler; then the way in. What the cluster does
 * not serve is left out and told, and all the rest is made.
 */
export function emitStandard(input: EmitInput): Emitted {
  const objects: KubeObject[] = []
  for (const workload of input.plan.workloads) {
    const emitted = emitWorkload(workload, input)
    if (!emitted.ok) return emitted
    objects.push(...emitted.objects)
  }
  const exposure = exposureOf(input.plan, input.settings.ingress)
  if (!exposure.ok) return exposure
  const routes = emitRoutes(exposure.exposure, input)
  if (!routes.ok) return routes
  const decisions = [...routes.decisions, ...unscaled(input)]
  return { ok: true, objects: [...objects, ...routes.objects], decisions }
}

export function emitWorkload(workload: Workload, input: EmitInput): Emitted {
  const emitted = emitObjects(workload, input)
  return emitted.ok ? emitted : { ok: false, problem: ofComponent(emitted.problem, workload.component) }
}

function emitObjects(workload: Workload, input: EmitInput): Emitted {
  const { plan, settings, capabilities } = input
  const { owner } = plan
  const problem = checkStandard(workload)
  if (problem) return { ok: false, problem }
  const pod = finished(podTemplate(workload, owner), workload, input)
  if (!pod.ok) return pod
  const objects = [
    workloadService(owner, workload, settings.service.serviceClusterIPNone === true),
    ...nodeServices(owner, workload),
  ]
  const metrics = collectedMetrics(workload)
  if (metrics.length > 0 && capabilities.otel) objects.push(otelCollector(owner, workload, metrics, settings))
  objects.push(deployment(owner, workload, pod.pod, settings))
  const template = workerTemplate(workload, owner)
  const worker = template && finished(template, workload, input)
  if (worker && !worker.ok) return worker
  if (worker) objects.push(workerDeployment(owner, workload, worker.pod, settings))
  const scaler = autoscalerClass(workload)
  if (scaler === 'hpa') objects.push(horizontalPodAutoscaler(owner, workload))
  if (scaler === 'keda' && capabilities.keda) objects.push(scaledObject(owner, workload, settings))
  const budget = disruptionBudget(owner, workload)
  return { ok: true, objects: budget ? [...objects, budget] : objects, decisions: [] }
}

function finished(template: PodTemplate, workload: Workload, input: EmitInput) {
  const isRouter = workload.component === 'router'
  if (isRouter) return { ok: true as const, pod: template }
  const sources = workload.canary === undefined ? multipleSources(workload, template, input) : undefined
  const spec = sources ? addSources(template.spec, sources) : { ok: true as const, spec: template.spec }
  if (!spec.ok) return spec
  const completing: CompletePodInput = {
    pod: { ...template, spec: pulledOnce(spec.spec) },
    settings: podSettings(workload, input.settings),
    world: input.world,
    controllerNamespace: input.controllerNamespace,
  }
  return completePod(completing)
}

/** What the workloads are to be scaled by, and the cluster has not. */
function unscaled({ plan, capabilities }: EmitInput): readonly Decision[] {
  const needsKeda = plan.workloads.some((workload) => autoscalerClass(workload) === 'keda')
  const needsOtel = plan.workloads.some((workload) => collectedMetrics(workload).length > 0)
  return [
    ...(needsKeda && !capabilities.keda ? [missingPiece('KEDANotInstalled')] : []),
    ...(needsOtel && !capabilities.otel ? [missingPiece('OpenTelemetryNotInstalled')] : []),
  ]
}

function emitRoutes(exposure: Exposure, input: EmitInput): Emitted {
  const { plan, settings, capabilities } = input
  if (exposure.isInternal || settings.ingress.disableIngressCreation) return { ok: true, objects: [], decisions: [] }
  const live = findChild(input.children, 'networking.k8s.io', 'Ingress', plan.owner.name)
  const openIngress = () => keptWhileUnready(ingress(plan.owner, exposure, settings), live, backendsOf(input))
  if (!settings.ingress.enableGatewayApi) {
    const isOpen = live !== undefined || exposure.components.every(({ service }) => isReady(service, input))
    return { ok: true, objects: isOpen ? [openIngress()] : [], decisions: [] }
  }
  if (!capabilities.gatewayApi) {
    // An Ingress that leads in already does so until there is a route.
    return { ok: true, objects: live ? [openIngress()] : [], decisions: [missingPiece('GatewayApiNotInstalled')] }
  }
  const canaries = readyCanaries(input)
  const routes = httpRoutes({ ...input, exposure, canaries, isCanary: input.canaries.length > 0 })
  if (!routes.ok) return routes
  return { ok: true, objects: routes.routes.flatMap((route) => openRoute(route, exposure, input)), decisions: [] }
}

/** A route is made when what it leads to is ready the first time, and stays from then on. */
function openRoute(route: KubeObject, exposure: Exposure, input: EmitInput): readonly KubeObject[] {
  const name = route.metadata.name ?? ''
  const live = findChild(input.children, 'gateway.networking.k8s.io', 'HTTPRoute', name)
  if (live) return [keptWhileUnready(route, live, backendsOf(input))]
  const component = exposure.components.find((candidate) => candidate.route === name)
  const waitsFor = component ? [component] : exposure.components
  return waitsFor.every(({ service }) => isReady(service, input)) ? [route] : []
}

/** Canaries are in a route only when they have a pod. */
function backendsOf(input: EmitInput): readonly Backend[] {
  return input.plan.workloads.map(({ name, canary }) => ({
    name,
    isReady: canary !== undefined || isReady(name, input),
  }))
}

function isReady(name: string, input: EmitInput): boolean {
  const workload = input.plan.workloads.find((candidate) => candidate.name === name)
  const names = workload?.worker ? [name, workload.worker.name] : [name]
  const deployments = names.map((deploymentName) => findChild(input.children, 'apps', 'Deployment', deploymentName))
  return deploymentStates(deployments).status === 'True'
}

/** Canaries with an available pod: only they get traffic. */
export function readyCanaries(input: EmitInput): { readonly service: string; readonly percent: number }[] {
  return input.canaries.flatMap(({ name, percent }) => {
    const workload = input.plan.workloads.find((candidate) => candidate.canary === name)
    const live = workload && findChild(input.children, 'apps', 'Deployment', workload.name)
    const available = Number(Object(live?.['status']).availableReplicas ?? 0)
    return workload && available > 0 ? [{ service: workload.name, percent }] : []
  })
}
