import type { KubeObject } from '@millrace/kube'
import type { Knative } from '../capabilities.ts'
import type { Decision } from '../decision.ts'
import { ofComponent } from '../component-condition.ts'
import { findChild } from '../exposure/exposure.ts'
import type { Workload } from '../plan.ts'
import { completePod } from '../pod/complete-pod.ts'
import type { PodTemplate } from '../pod/shape.ts'
import { addSources } from '../pod/storage-initializer.ts'
import { knativeService, revisionTemplate } from './knative-service.ts'
import { multipleSources, podSettings } from './pod-input.ts'
import type { EmitInput, Emitted } from './standard.ts'
import { localGatewayService, virtualService } from './virtual-service.ts'

export interface KnativeInput extends EmitInput {
  readonly service: KubeObject
  readonly knative: Knative
}

export type KnativeEmitted =
  | Exclude<Emitted, { ok: true }>
  | (Extract<Emitted, { ok: true }> & { readonly decisions: readonly Decision[] })

/** Plan → objects in Knative mode: a Knative Service for each workload; then the way in, through Istio where it is. */
export function emitKnative(input: KnativeInput): KnativeEmitted {
  const objects: KubeObject[] = []
  const decisions: Decision[] = []
  for (const workload of input.plan.workloads) {
    const live = findChild(input.children, 'serving.knative.dev', 'Service', workload.name)
    const revision = revisionTemplate(workload, input.plan.owner, input, live)
    decisions.push(...revision.decisions)
    const pod = withSources(revision.pod, workload, input)
    if (!pod.ok) return { ok: false, problem: ofComponent(pod.problem, workload.component) }
    // The webhook completes the pod when Knative makes it. What it would refuse then is said now.
    const completed = completePod({
      pod: pod.pod,
      settings: podSettings(workload, input.settings),
      world: input.world,
      controllerNamespace: input.controllerNamespace,
    })
    if (!completed.ok) return { ok: false, problem: ofComponent(completed.problem, workload.component) }
    objects.push(knativeService(workload, pod.pod, revision, input))
  }
  if (input.plan.owner.kind !== 'InferenceService') return { ok: true, objects, decisions }
  const route = virtualService(input)
  if (!route.ok) return route
  return { ok: true, objects: [...objects, ...localGatewayService(input), ...route.objects], decisions }
}

function withSources(pod: PodTemplate, workload: Workload, input: KnativeInput) {
  const sources = multipleSources(workload, pod, input)
  if (!sources) return { ok: true as const, pod }
  const result = addSources(pod.spec, sources)
  return result.ok ? { ok: true as const, pod: { ...pod, spec: result.spec } } : result
}
