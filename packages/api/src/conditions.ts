/** One condition of a status. The shape is Knative's: no observedGeneration, severity only where it isn't an error. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  readonly severity?: '' | 'Warning' | 'Info'
  readonly lastTransitionTime?: string
}

/** Condition types of an InferenceService. */
export const conditionTypes = {
  ready: 'Ready',
  predictorReady: 'PredictorReady',
  transformerReady: 'TransformerReady',
  explainerReady: 'ExplainerReady',
  canaryPredictorReady: 'CanaryPredictorReady',
  ingressReady: 'IngressReady',
  /** Knative mode: the newest revision of every component is ready. */
  latestDeploymentReady: 'LatestDeploymentReady',
  routesReady: 'RoutesReady',
  predictorRouteReady: 'PredictorRouteReady',
  transformerRouteReady: 'TransformerRouteReady',
  /** Plural, as KServe spells it. */
  explainerRoutesReady: 'ExplainerRoutesReady',
  predictorConfigurationReady: 'PredictorConfigurationReady',
  transformerConfigurationReady: 'TransformerConfigurationReady',
  explainerConfigurationReady: 'ExplainerConfigurationReady',
  stopped: 'Stopped',
  /** Standard mode: the cluster lacks what the service's autoscaler needs; absent where it lacks nothing. */
  autoscalerReady: 'AutoscalerReady',
  /** Something that is set has no effect in the service's mode; absent where everything has. */
  fieldsIgnored: 'FieldsIgnored',
  /** The cluster's Kubernetes can mount an image as a volume (`oci+native://`). */
  ociImageVolumeCompatible: 'OciImageVolumeCompatible',
} as const

/** Condition types of a TrainedModel, beside Ready. */
export const trainedModelConditionTypes = {
  ready: 'Ready',
  inferenceServiceReady: 'InferenceServiceReady',
  frameworkSupported: 'FrameworkSupported',
  memoryResourceAvailable: 'MemoryResourceAvailable',
  isMultiModelPredictor: 'IsMMSPredictor',
} as const

/** Reasons that tools of KServe's users compare with. */
export const reasons = {
  stopped: 'Stopped',
  reconcileFailed: 'ReconcileFailed',
  allCanariesReady: 'AllCanariesReady',
  canariesNotReady: 'CanariesNotReady',
  newReplicaSetAvailable: 'NewReplicaSetAvailable',
  revisionFailed: 'RevisionFailed',
  revisionMissing: 'RevisionMissing',
  parentStatusNotAvailable: 'ParentStatusNotAvailable',
  inferenceServiceNotReady: 'InferenceServiceNotReady',
  memoryResourceNotAvailable: 'MemoryResourceNotAvailable',
  invalidGpuAllocation: 'InvalidGPUAllocation',
  workerSpecNotSet: 'InvalidWorkerSpecNotSet',
} as const

/** Reasons of status.modelStatus.lastFailureInfo. */
export const failureReasons = {
  modelLoadFailed: 'ModelLoadFailed',
  runtimeUnhealthy: 'RuntimeUnhealthy',
  runtimeDisabled: 'RuntimeDisabled',
  noSupportingRuntime: 'NoSupportingRuntime',
  runtimeNotRecognized: 'RuntimeNotRecognized',
  invalidPredictorSpec: 'InvalidPredictorSpec',
} as const
