import type { KubeObject, Resource } from '@millrace/kube'

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

/** A definition that takes whatever it is given, with a status of its own. */
export function definitionOf({ group, version, plural, kind }: Resource): KubeObject {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: open, status: open } } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      // Groups below k8s.io belong to Kubernetes, which wants to see that it knows of them.
      annotations: { 'api-approved.kubernetes.io': 'unapproved, simulation' },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, schema, subresources: { status: {} } }],
    },
  }
}
