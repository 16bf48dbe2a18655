/** What is installed in the cluster, as facts found by discovery. A missing one never stops anything: what needs it says so. */
export interface Capabilities {
  /** serving.knative.dev/v1 Service */
  readonly knative: boolean
  /** networking.istio.io/v1 (or v1beta1) VirtualService */
  readonly istio: boolean
  /** gateway.networking.k8s.io/v1 HTTPRoute */
  readonly gatewayApi: boolean
  /** keda.sh/v1alpha1 ScaledObject */
  readonly keda: boolean
  /** opentelemetry.io/v1beta1 OpenTelemetryCollector */
  readonly otel: boolean
  /** Pods may mount OCI images as volumes (feature gate ImageVolume). */
  readonly imageVolume: boolean
}

/** Knative's autoscaler settings and where they were found. */
export interface KnativeAutoscaler {
  readonly source: 'KnativeServing' | 'config-autoscaler' | 'default'
  readonly initialScale: number
  readonly allowZeroInitialScale: boolean
  readonly minScale: number
  /** 0: no limit. */
  readonly maxScale: number
  /** 0: no limit. */
  readonly maxScaleLimit: number
}

export interface Knative {
  readonly autoscaler: KnativeAutoscaler
  /** Where the settings are: `ConfigMap knative-serving/config-autoscaler`. Absent: nowhere. */
  readonly autoscalerPlace?: string
  /** What of them cannot be read, as sentences. */
  readonly autoscalerProblems?: readonly string[]
  /** Domains of Knative's config-domain; empty when unknown. */
  readonly domains: readonly string[]
}
