import type { InferenceServiceSpec } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { findChild } from '../exposure/exposure.ts'
import { type ComponentName, componentName, predictorName } from '../names.ts'
import type { ObserveInput } from '../seam.ts'

export function componentsOf(spec: InferenceServiceSpec): readonly ComponentName[] {
  return [
    'predictor',
    ...(spec.transformer ? (['transformer'] as const) : []),
    ...(spec.explainer ? (['explainer'] as const) : []),
  ]
}

/** Name of a component's Deployment or Knative Service. */
export function objectName(service: KubeObject, component: ComponentName): string {
  const spec = service['spec'] as InferenceServiceSpec
  const name = service.metadata.name ?? ''
  return component === 'predictor' ? predictorName(name, spec.predictor.name) : componentName(name, component)
}

export function liveChild(input: ObserveInput, group: string, kind: string, name: string): KubeObject | undefined {
  return findChild(input.children, group, kind, name)
}
