import type { Resource } from '@millrace/kube'

/** What others bring into a cluster, and take out of it. */
export interface OptionalKind {
  /** As people call the product. */
  readonly product: 'Knative' | 'Knative operator' | 'Gateway API' | 'KEDA' | 'OpenTelemetry'
  readonly resource: Resource
}

const namespaced = (group: string, version: string, plural: string, kind: string): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
})

export const knativeServices = namespaced('serving.knative.dev', 'v1', 'services', 'Service')
export const httpRoutes = namespaced('gateway.networking.k8s.io', 'v1', 'httproutes', 'HTTPRoute')
export const scaledObjects = namespaced('keda.sh', 'v1alpha1', 'scaledobjects', 'ScaledObject')
export const knativeServings = namespaced('operator.knative.dev', 'v1beta1', 'knativeservings', 'KnativeServing')
export const collectors = namespaced('opentelemetry.io', 'v1beta1', 'opentelemetrycollectors', 'OpenTelemetryCollector')

export const optionalKinds: readonly OptionalKind[] = [
  { product: 'Knative', resource: knativeServices },
  { product: 'Knative operator', resource: knativeServings },
  { product: 'Gateway API', resource: httpRoutes },
  { product: 'KEDA', resource: scaledObjects },
  { product: 'OpenTelemetry', resource: collectors },
]
