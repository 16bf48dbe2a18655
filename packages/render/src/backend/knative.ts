import { knativePodFields } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import type { KnativeInput } from './knative-input.ts'
import type { Knative } from '../capabilities.ts'
import type { Decision, Problem } from '../decision.ts'
import { ofComponent } from '../component-condition.ts'
import { findChild } from '../exposure/exposure.ts'
import type { Workload } from '../plan.ts'
import { completePod } from '../pod/complete-pod.ts'
import type { PodTemplate } from '../pod/shape.ts'
import { addSources } from '../pod/storage-initializer.ts'
import { freshScale, keptScale, type WrittenScale } from './kept-scale.ts'
import { knativeScale } from './knative-scale.ts'
import { knativeService, revisionTemplate } from './knative-service.ts'
import { ignoredReason } from '../service/ignored-fields.ts'
import { multipleSources, podSettings } from './pod-input.ts'
import type { Emitted } from './standard.ts'
import { localGatewayService, virtualService } from './virtual-service.ts'

/** Plan → objects in Knative mode: a Knative Service for each workload; then the way in, through Istio where it is. */
export function emitKnative(input: KnativeInput): Emitted {
  const objects: KubeObject[] = []
  const decisions: Decision[] = []
  decisions.push(settingsDecision(input.knative))
  for (const workload of input.plan.workloads) {
    const emitted = emitService(workload, input)
    if (!emitted.ok) return { ok: false, problem: ofComponent(emitted.problem, workload.component) }
    objects.push(emitted.object)
    decisions.push(...emitted.decisions)
  }
  if (input.plan.owner.kind !== 'InferenceService') return { ok: true, objects, decisions }
  const route = virtualService(input)
  if (!route.ok) return route
  return {
    ok: true,
    objects: [...objects, ...localGatewayService(input), ...route.objects],
    decisions: [...decisions, ...route.decisions],
  }
}

type OneEmitted =
  | { readonly ok: true; readonly object: KubeObject; readonly decisions: readonly Decision[] }
  | { readonly ok: false; readonly problem: Problem }

function emitService(workload: Workload, input: KnativeInput): OneEmitted {
  const { component, deploying, scaleAnnotations: annotations } = workload
  const path = component === 'router' ? 'spec' : `spec.${component}`
  const scale = knativeScale({ path, annotations, deploying, knative: input.knative })
  const decisions = [
    ...scale.decisions.map((decision): Decision => ({ ...decision, component })),
    ...runtimeFieldsIgnored(workload, input.service),
  ]
  const fresh = withScale(workload, freshScale(scale), input)
  if (!fresh.ok) return fresh
  const live = findChild(input.children, 'serving.knative.dev', 'Service', workload.name)
  const before = live && keptScale(scale, live)
  const kept = before && withScale(workload, before, input)
  const isUnchanged = input.isTemplateUnchanged ?? hasSameTemplate
  if (!live || !kept?.ok || !isUnchanged(kept.object, live)) return { ...fresh, decisions }
  return { ...kept, decisions: [...decisions, keptDecision(path)] }
}

/** Fields of the pod that Knative has none for, and that the user's own component does not have: they come from the runtime. */
function runtimeFieldsIgnored({ pod, component }: Workload, { spec }: KubeObject): readonly Decision[] {
  const own = component === 'router' ? {} : (Object(Object(spec)[component]) as Readonly<Record<string, unknown>>)
  return Object.keys(pod)
    .filter((field) => !Object.hasOwn(knativePodFields, field) && own[field] === undefined)
    .map((field) => ({
      reason: ignoredReason,
      message: `${field} of the runtime has no effect in Knative mode: a Knative Service has no such field.`,
      level: 'info',
      source: 'runtime',
      component,
    }))
}

function withScale(workload: Workload, scale: WrittenScale, input: KnativeInput) {
  const { owner } = input.plan
  const template = revisionTemplate(workload, owner, scale.annotations, input.labelsDisallowed)
  const pod = withSources(template, workload, input)
  if (!pod.ok) return pod
  // The webhook completes the pod when Knative makes it. What it would refuse then is said now.
  const completed = completePod({
    pod: pod.pod,
    settings: podSettings(workload, input.settings),
    world: input.world,
    controllerNamespace: input.controllerNamespace,
  })
  if (!completed.ok) return completed
  return { ok: true as const, object: knativeService(workload, pod.pod, scale, input) }
}

/** Everything that is rendered of the template is there. */
function hasSameTemplate(rendered: KubeObject, live: KubeObject): boolean {
  return isContained(Object(rendered['spec']).template, Object(live['spec']).template)
}

function isContained(wanted: unknown, live: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(live) && wanted.length === live.length && wanted.every((item, at) => isContained(item, live[at]))
    )
  }
  if (typeof wanted !== 'object' || wanted === null) return wanted === live
  const isThere = typeof live === 'object' && live !== null
  return isThere && Object.entries(wanted).every(([key, value]) => isContained(value, Reflect.get(live, key)))
}

function keptDecision(path: string): Decision {
  return {
    reason: 'ScaleKept',
    message:
      "The cluster's settings have changed since this revision was made: it keeps its scale, and the next one gets the present settings.",
    level: 'info',
    source: 'cluster',
    path,
  }
}

/** Which settings of Knative are looked at. Without any its own defaults hold, which is worth to know. */
function settingsDecision({ autoscaler, autoscalerPlace, autoscalerProblems = [] }: Knative): Decision {
  const [problem] = autoscalerProblems
  const base = { level: 'info', source: 'cluster', value: autoscaler.source } as const
  if (problem !== undefined) return { ...base, reason: 'AutoscalerSettingsInvalid', message: problem }
  if (autoscaler.source === 'default') {
    const message =
      "Knative's autoscaler settings were not found, so its defaults are used: install or allow to read ConfigMap config-autoscaler, or name its namespace to the controller."
    return { ...base, reason: 'AutoscalerSettingsMissing', message }
  }
  const place = autoscalerPlace ?? autoscaler.source
  return { ...base, reason: 'AutoscalerSettings', message: `Knative's autoscaler settings come from ${place}.` }
}

function withSources(pod: PodTemplate, workload: Workload, input: KnativeInput) {
  const sources = multipleSources(workload, pod, input)
  if (!sources) return { ok: true as const, pod }
  const result = addSources(pod.spec, sources)
  return result.ok ? { ok: true as const, pod: { ...pod, spec: result.spec } } : result
}
