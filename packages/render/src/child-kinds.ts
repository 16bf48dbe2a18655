import type { Resource } from '@millrace/kube'
import type { Capabilities } from './capabilities.ts'

/** A kind that `render` may emit, and what must be installed for it. */
export interface ChildKind extends Resource {
  readonly needs?: keyof Capabilities
}

/** Everything that a service or graph may own, in apply order. What is owned, of one of these kinds and not rendered, is pruned. */
export const childKinds: readonly ChildKind[] = [
  { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
  { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true },
  {
    group: 'opentelemetry.io',
    version: 'v1beta1',
    plural: 'opentelemetrycollectors',
    kind: 'OpenTelemetryCollector',
    namespaced: true,
    needs: 'otel',
  },
  { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
  {
    group: 'serving.knative.dev',
    version: 'v1',
    plural: 'services',
    kind: 'Service',
    namespaced: true,
    needs: 'knative',
  },
  {
    group: 'autoscaling',
    version: 'v2',
    plural: 'horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
    namespaced: true,
  },
  {
    group: 'keda.sh',
    version: 'v1alpha1',
    plural: 'scaledobjects',
    kind: 'ScaledObject',
    namespaced: true,
    needs: 'keda',
  },
  { group: 'policy', version: 'v1', plural: 'poddisruptionbudgets', kind: 'PodDisruptionBudget', namespaced: true },
  { group: 'networking.k8s.io', version: 'v1', plural: 'ingresses', kind: 'Ingress', namespaced: true },
  {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    plural: 'httproutes',
    kind: 'HTTPRoute',
    namespaced: true,
    needs: 'gatewayApi',
  },
  {
    group: 'networking.istio.io',
    version: 'v1beta1',
    plural: 'virtualservices',
    kind: 'VirtualService',
    namespaced: true,
    needs: 'istio',
  },
]
