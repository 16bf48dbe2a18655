import type { ComponentSpec, Container, ExplainerSpec, PodSpec, TransformerSpec } from '@millrace/api'
import { ofComponent } from '../component-condition.ts'
import { containerNames, envNames, internalKeys, labelKeys } from '../keys.ts'
import { componentName, predictorName } from '../names.ts'
import type { Workload } from '../plan.ts'
import type { StringMap } from '../pod/shape.ts'
import { containerFieldsOf, deployingOf, podFieldsOf } from './component-pod.ts'
import { batcherAnnotations, loggerAnnotations, scaleAnnotations, without } from './metadata.ts'
import { named, type PlanningInput, type Refusal, refuse } from './planning.ts'
import { artArgs, type ServerArgs, withComponentArgs } from './server-args.ts'
import { checkStorageUri } from './storage-check.ts'

export type ComponentPlan = { readonly ok: true; readonly workload: Workload } | Refusal

export function planTransformer(transformer: TransformerSpec, labels: StringMap, input: PlanningInput): ComponentPlan {
  const server = serverOf(transformer)
  if (!server) return noContainer('transformer', 'TransformerReady')
  const args = serverArgs(transformer, input)
  const edit = (container: Container) => named(withComponentArgs(container, args), input.service.name)
  const pod = withServer(transformer, edit)
  return component('transformer', transformer, pod, envValueOf(server), labels, input)
}

export function planExplainer(explainer: ExplainerSpec, labels: StringMap, input: PlanningInput): ComponentPlan {
  const args = serverArgs(explainer, input)
  const { art } = explainer
  if (art) {
    const settings = input.explainers.art
    const fields = containerFieldsOf(art)
    const server: Container = {
      ...fields,
      name: containerNames.server,
      image: art.image || `${settings?.image ?? ''}:${art.runtimeVersion ?? settings?.defaultImageVersion ?? 'latest'}`,
      args: artArgs({
        ...args,
        type: art.type ?? '',
        config: art.config ?? {},
        storageUri: art.storageUri,
        given: art.args ?? [],
      }),
    }
    const pod = { ...podFieldsOf(explainer), containers: [server] }
    return component('explainer', explainer, pod, art.storageUri || undefined, labels, input)
  }
  const server = serverOf(explainer)
  if (!server) return noContainer('explainer', 'ExplainerReady')
  const pod = withServer(explainer, (container) => withComponentArgs(container, args))
  return component('explainer', explainer, pod, envValueOf(server), labels, input)
}

function serverOf(spec: ComponentSpec): Container | undefined {
  return spec.containers?.find((container) => container.name === containerNames.server)
}

function envValueOf(container: Container): string | undefined {
  const variable = container.env?.find((candidate) => candidate.name === envNames.storageUri)
  return variable === undefined ? undefined : (variable.value ?? '')
}

function withServer(spec: ComponentSpec, edit: (container: Container) => Container): PodSpec {
  const pod = podFieldsOf(spec)
  const containers = (pod.containers ?? []).map((c) => (c.name === containerNames.server ? edit(c) : c))
  return { ...pod, containers }
}

function serverArgs(spec: ComponentSpec, input: PlanningInput): ServerArgs {
  const { name, namespace } = input.service
  const predictor = predictorName(name, input.service.spec.predictor.name)
  return { service: name, predictorHost: `${predictor}.${namespace}`, workers: spec.containerConcurrency }
}

function noContainer(field: 'transformer' | 'explainer', condition: string): Refusal {
  return refuse({
    reason: 'InvalidSpec',
    message: `The ${field} has no container: set spec.${field}.containers, or remove it.`,
    path: `spec.${field}.containers`,
    condition,
  })
}

function component(
  kind: 'transformer' | 'explainer',
  spec: ComponentSpec,
  pod: PodSpec,
  uri: string | undefined,
  labels: StringMap,
  input: PlanningInput,
): ComponentPlan {
  const { service, annotationsDisallowed } = input
  const problem = uri === undefined ? undefined : checkStorageUri(uri, `spec.${kind}`, input.world)
  if (problem) return refuse(ofComponent(problem, kind))
  const workload: Workload = {
    component: kind,
    name: componentName(service.name, kind),
    labels: {
      ...labels,
      ...spec.labels,
      [labelKeys.inferenceService]: service.name,
      [labelKeys.component]: kind,
    },
    annotations: {
      ...without(service.annotations, annotationsDisallowed),
      ...(uri === undefined ? {} : { [internalKeys.storageInitializerSourceUri]: uri }),
      ...loggerAnnotations(spec.logger),
      ...(kind === 'transformer' ? batcherAnnotations(spec.batcher) : {}),
      ...without(spec.annotations, annotationsDisallowed),
    },
    pod,
    scaleAnnotations: scaleAnnotations(service.annotations, spec.annotations),
    deploying: deployingOf(spec),
    ...(spec.storageUris ? { sources: spec.storageUris } : {}),
  }
  return { ok: true, workload }
}
