import type { Capabilities } from './capabilities.ts'

/** Something that a cluster has or has not, told by one resource that it serves. */
export interface OptionalPiece {
  /** As metrics name it. */
  readonly name: string
  /** As people call it. */
  readonly title: string
  readonly group: string
  readonly plural: string
  /** What its objects are made for; absent: it is reported, and nothing here makes use of it. */
  readonly use?: { readonly capability: keyof Capabilities; readonly for: string }
}

export const optionalPieces: readonly OptionalPiece[] = [
  {
    name: 'knative',
    title: 'Knative Serving',
    group: 'serving.knative.dev',
    plural: 'services',
    use: { capability: 'knative', for: 'services in Knative mode' },
  },
  {
    name: 'istio',
    title: 'Istio',
    group: 'networking.istio.io',
    plural: 'virtualservices',
    use: { capability: 'istio', for: 'one host for a service of several Knative Services' },
  },
  {
    name: 'gatewayApi',
    title: 'Gateway API',
    group: 'gateway.networking.k8s.io',
    plural: 'httproutes',
    use: { capability: 'gatewayApi', for: 'routes, where enableGatewayApi is set' },
  },
  {
    name: 'keda',
    title: 'KEDA',
    group: 'keda.sh',
    plural: 'scaledobjects',
    use: { capability: 'keda', for: 'the autoscaler class keda' },
  },
  {
    name: 'otel',
    title: 'OpenTelemetry operator',
    group: 'opentelemetry.io',
    plural: 'opentelemetrycollectors',
    use: { capability: 'otel', for: 'scaling by metrics of pods' },
  },
  {
    name: 'vpa',
    title: 'Vertical Pod Autoscaler',
    group: 'autoscaling.k8s.io',
    plural: 'verticalpodautoscalers',
  },
  {
    name: 'leaderWorkerSet',
    title: 'LeaderWorkerSet',
    group: 'leaderworkerset.x-k8s.io',
    plural: 'leaderworkersets',
  },
  { name: 'certManager', title: 'cert-manager', group: 'cert-manager.io', plural: 'certificates' },
]
