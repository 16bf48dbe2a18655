/**
 * Every label, annotation and environment key that other programs write or read. The spellings are KServe's, Knative's,
 * Istio's and Prometheus'; each key stands here once.
 */

/** Annotations that a user puts on an InferenceService, a graph or a component. */
export const annotations = {
  deploymentMode: 'serving.kserve.io/deploymentMode',
  autoscalerClass: 'serving.kserve.io/autoscalerClass',
  /** Older way to say `scaleMetric`. */
  autoscalerMetric: 'serving.kserve.io/metrics',
  /** Older way to say `scaleTarget`. */
  targetUtilizationPercentage: 'serving.kserve.io/targetUtilizationPercentage',
  stop: 'serving.kserve.io/stop',
  enableTagRouting: 'serving.kserve.io/enable-tag-routing',
  enableMetricAggregation: 'serving.kserve.io/enable-metric-aggregation',
  enablePrometheusScraping: 'serving.kserve.io/enable-prometheus-scraping',
  gkeAccelerator: 'serving.kserve.io/gke-accelerator',
  gpuResourceTypes: 'serving.kserve.io/gpu-resource-types',
  disableLocalModel: 'serving.kserve.io/disable-localmodel',
  nodeGroup: 'serving.kserve.io/nodegroup',
  disableAutoUpdate: 'serving.kserve.io/disable-auto-update',
  serverType: 'serving.kserve.io/server-type',
  storageInitializerUid: 'serving.kserve.io/storage-initializer-uid',
  storageReadonly: 'storage.kserve.io/readonly',
  loggerSecretName: 'serving.kserve.io/logger-secret-name',
  loggerSecretPath: 'serving.kserve.io/logger-secret-path',
  loggerSecretFile: 'serving.kserve.io/logger-secret-file',
  prometheusContainerPort: 'prometheus.kserve.io/port',
  prometheusContainerPath: 'prometheus.kserve.io/path',
} as const

/** Annotations of the S3 settings that a user puts on a Secret or a service account. */
export const s3Annotations = {
  endpoint: 'serving.kserve.io/s3-endpoint',
  region: 'serving.kserve.io/s3-region',
  useHttps: 'serving.kserve.io/s3-usehttps',
  verifySsl: 'serving.kserve.io/s3-verifyssl',
  useAnonymousCredential: 'serving.kserve.io/s3-useanoncredential',
  useVirtualBucket: 'serving.kserve.io/s3-usevirtualbucket',
  useAccelerate: 'serving.kserve.io/s3-useaccelerate',
  caBundle: 'serving.kserve.io/s3-cabundle',
  caBundleConfigMap: 'serving.kserve.io/s3-cabundle-configmap',
} as const

/** Annotations that go from our renderer to the pod; users don't write them. */
export const internalAnnotations = {
  storageInitializerSourceUri: 'internal.serving.kserve.io/storage-initializer-sourceuri',
  storageSpec: 'internal.serving.kserve.io/storage-spec',
  storageSpecParam: 'internal.serving.kserve.io/storage-spec-param',
  storageSpecKey: 'internal.serving.kserve.io/storage-spec-key',
  storageContainerName: 'internal.serving.kserve.io/storage-container-name',
  logger: 'internal.serving.kserve.io/logger',
  loggerSinkUrl: 'internal.serving.kserve.io/logger-sink-url',
  loggerMode: 'internal.serving.kserve.io/logger-mode',
  loggerMetadataHeaders: 'internal.serving.kserve.io/logger-metadata-headers',
  loggerMetadataAnnotations: 'internal.serving.kserve.io/logger-metadata-annotations',
  batcher: 'internal.serving.kserve.io/batcher',
  batcherMaxBatchSize: 'internal.serving.kserve.io/batcher-max-batchsize',
  batcherMaxLatency: 'internal.serving.kserve.io/batcher-max-latency',
  agent: 'internal.serving.kserve.io/agent',
  agentConfigVolumeName: 'internal.serving.kserve.io/configVolumeName',
  agentConfigMountPath: 'internal.serving.kserve.io/configMountPath',
  agentModelDir: 'internal.serving.kserve.io/modelDir',
  predictorHost: 'internal.serving.kserve.io/predictor-host',
  predictorProtocol: 'internal.serving.kserve.io/predictor-protocol',
  localModelSourceUri: 'internal.serving.kserve.io/localmodel-sourceuri',
  localModelPvcName: 'internal.serving.kserve.io/localmodel-pvc-name',
  confidentialEnabled: 'internal.serving.kserve.io/confidential-enabled',
  confidentialResourceId: 'internal.serving.kserve.io/confidential-resource-id',
  modelFormat: 'modelFormat',
} as const

export const labels = {
  inferenceService: 'serving.kserve.io/inferenceservice',
  /** The older label of a TrainedModel's parent. */
  parentInferenceService: 'inferenceservice',
  inferenceGraph: 'serving.kserve.io/inferencegraph',
  workloadKind: 'serving.kserve.io/kind',
  trainedModelAllocated: 'serving.kserve.io/trainedmodel-allocated',
  component: 'component',
  model: 'model',
  endpoint: 'endpoint',
  app: 'app',
  generation: 'isvc.generation',
  visibility: 'networking.kserve.io/visibility',
  multiNodeRole: 'multinode/role',
  localModel: 'internal.serving.kserve.io/localmodel',
  localModelNamespace: 'internal.serving.kserve.io/localmodel-namespace',
  appName: 'app.kubernetes.io/name',
  appInstance: 'app.kubernetes.io/instance',
  appPartOf: 'app.kubernetes.io/part-of',
  appComponent: 'app.kubernetes.io/component',
} as const

/** Value of `labels.visibility` that keeps a service inside the cluster. */
export const clusterLocalVisibility = 'cluster-local'

export const knativeKeys = {
  autoscalerClass: 'autoscaling.knative.dev/class',
  metric: 'autoscaling.knative.dev/metric',
  minScale: 'autoscaling.knative.dev/min-scale',
  maxScale: 'autoscaling.knative.dev/max-scale',
  initialScale: 'autoscaling.knative.dev/initial-scale',
  target: 'autoscaling.knative.dev/target',
  targetUtilization: 'autoscaling.knative.dev/target-utilization-percentage',
  scaleDownDelay: 'autoscaling.knative.dev/scale-down-delay',
  window: 'autoscaling.knative.dev/window',
  rolloutDuration: 'serving.knative.dev/rollout-duration',
  progressDeadline: 'serving.knative.dev/progress-deadline',
  revision: 'serving.knative.dev/revision',
  configuration: 'serving.knative.dev/configuration',
  service: 'serving.knative.dev/service',
  visibility: 'networking.knative.dev/visibility',
  openshiftPassthrough: 'serving.knative.openshift.io/enablePassthrough',
} as const

export const istioKeys = {
  inject: 'sidecar.istio.io/inject',
  interceptionMode: 'sidecar.istio.io/interceptionMode',
  status: 'sidecar.istio.io/status',
} as const

export const prometheusKeys = {
  scrape: 'prometheus.io/scrape',
  port: 'prometheus.io/port',
  path: 'prometheus.io/path',
} as const

export const otelKeys = { inject: 'sidecar.opentelemetry.io/inject' } as const

/** Annotations that kubectl and Kubernetes' own controllers write. */
export const kubernetesKeys = { lastApplied: 'kubectl.kubernetes.io/last-applied-configuration' } as const

/** Environment variables of a container that our servers, and those people wrote for KServe, read. */
export const environment = {
  storageUri: 'STORAGE_URI',
  protocol: 'PROTOCOL',
  protocolVersion: 'PROTOCOL_VERSION',
  multiModelServer: 'MULTI_MODEL_SERVER',
  modelInitMode: 'MODEL_INIT_MODE',
  inferenceServiceName: 'INFERENCE_SERVICE_NAME',
  propagateHeaders: 'PROPAGATE_HEADERS',
  remoteStorageUri: 'REMOTE_STORAGE_URI',
  pipelineParallelSize: 'PIPELINE_PARALLEL_SIZE',
  tensorParallelSize: 'TENSOR_PARALLEL_SIZE',
  caBundleConfigMapName: 'CA_BUNDLE_CONFIGMAP_NAME',
  caBundleVolumeMountPoint: 'CA_BUNDLE_VOLUME_MOUNT_POINT',
  prometheusMetricsPort: 'KSERVE_CONTAINER_PROMETHEUS_METRICS_PORT',
  prometheusMetricsPath: 'KSERVE_CONTAINER_PROMETHEUS_METRICS_PATH',
  aggregateMetricsPort: 'AGGREGATE_PROMETHEUS_METRICS_PORT',
  confidentialEnabled: 'CONFIDENTIAL_ENABLED',
  confidentialResourceId: 'CONFIDENTIAL_RESOURCE_ID',
} as const

/** Names that a container must have for us to know what it is. */
export const containerNames = {
  server: 'kserve-container',
  transformer: 'transformer-container',
  worker: 'worker-container',
  storageInitializer: 'storage-initializer',
  agent: 'agent',
  queueProxy: 'queue-proxy',
  modelcar: 'modelcar',
  modelcarInit: 'modelcar-init',
} as const

/** The cluster's configuration: a ConfigMap in the controller's namespace. */
export const configMapName = 'inferenceservice-config'
