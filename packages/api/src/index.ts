export type * from './generated/kubernetes-objects.ts'
export type * from './kinds/cluster-storage-container.ts'
export type * from './kinds/inference-graph.ts'
export type * from './kinds/inference-service.ts'
export type { InferenceServiceSpecV1, InferenceServiceV1 } from './kinds/inference-service-v1.ts'
export type * from './kinds/local-model.ts'
export type { ManagedFieldsEntry, ObjectMeta, OwnerReference, ServingObject } from './kinds/object-meta.ts'
export type * from './kinds/serving-runtime.ts'
export type * from './kinds/trained-model.ts'
export type { InstallGroup, KindSource, PrinterColumn, VersionSource } from './kinds/kind-source.ts'
export { group } from './kinds/kind-source.ts'
export { findKind, isPreview, kinds, type ResourceName, resources } from './kinds/kinds.ts'
export { deploymentModes } from './kinds/inference-service.ts'
export { routerTypes } from './kinds/inference-graph.ts'
export { type Framework, frameworks } from './schema/model.ts'
export {
  type Condition,
  conditionTypes,
  failureReasons,
  reasons,
  trainedModelConditionTypes,
} from './conditions.ts'
export type { FailureReason, ModelState, TransitionStatus } from './schema/status.ts'
export { defaultMountPath } from './schema/storage.ts'
export {
  annotations,
  clusterLocalVisibility,
  configMapName,
  containerNames,
  environment,
  internalAnnotations,
  istioKeys,
  knativeKeys,
  kubernetesKeys,
  labels,
  otelKeys,
  prometheusKeys,
  s3Annotations,
} from './wire-keys.ts'

export {
  type CompiledCrd,
  compileCrd,
  type CrdOptions,
  crds,
  hasPreview,
  webhookConversion,
} from './crd/crds.ts'
export type { ConversionClient, CrdConversion, CrdSchema, CrdVersion, CustomResourceDefinition } from './crd/crd.ts'
export { annotationBytesMax, type CrdVariant, variantRules } from './crd/crd-rules.ts'
export { annotationBytes, type CrdSize, crdSize } from './crd/crd-size.ts'
export { droppedFields } from './crd/dropped-fields.ts'
export {
  type CrdSizeRecord,
  type MeasuredCrd,
  isNearBudget,
  measureCrds,
  nextRecord,
  type RecordedSize,
  sizesOf,
} from './crd/measured-crds.ts'

export { type Converted, convertObject } from './convert/convert-object.ts'
export { checkFieldsByMode, fieldsIgnored, outcomeOf } from './modes/check-fields-by-mode.ts'
export type { Decider, FieldPlace, FieldRow, Outcome, Scaler, Shown } from './modes/field-row.ts'
export { fieldsByMode } from './modes/fields-by-mode.ts'
export { knativeContainerFields, knativePodFields } from './modes/knative-fields.ts'
export { inWordsOf } from './convert/newer-words.ts'
export { labelsNeverPropagated } from './config/cluster-config.ts'
export { deploymentModeSpellings, type ParsedDeploymentMode, parseDeploymentMode } from './deployment-mode.ts'
export type { CheckContext } from './validate/check-context.ts'
export { checkInferenceGraph } from './validate/check-inference-graph.ts'
export { checkInferenceService } from './validate/check-inference-service.ts'
export { checkObject, validateObject } from './validate/check-object.ts'
export { checkServingRuntime } from './validate/check-serving-runtime.ts'
export { parseScale } from './validate/rules/scale-annotation-rules.ts'
export { type Finding, errorAt, formatFinding, formatPath, formatRefusal, warningAt } from './validate/finding.ts'
export { nearName } from './validate/near-name.ts'
export { isQuantity, parseQuantity, quantityValue } from './validate/quantity.ts'
export { predictorForms } from './validate/rules/component-form.ts'
export { knownGpuResources } from './validate/rules/multi-node-rules.ts'
export { autoscalerClasses } from './validate/rules/scaling-rules.ts'
export { predictorStorageUri, schemeOf, storageSchemes } from './validate/rules/storage-rules.ts'
export { type ClusterConfig, defaultDomainTemplate } from './config/cluster-config.ts'
export { type TextPlace } from './config/json-places.ts'
export { type ConfigFinding, formatConfigFinding, parseConfig, type ParsedConfig } from './config/parse-config.ts'
export { shippedConfig } from './config/shipped-config.ts'
export { withDefaults } from './read/with-defaults.ts'
export { shippedRuntimes } from './runtimes/shipped-runtimes.ts'
export { shippedStorageContainers } from './runtimes/shipped-storage-containers.ts'
export { withoutNulls } from './validate/without-nulls.ts'
export type { JsonSchema } from './json-schema/emit-schema.ts'
export { jsonSchema, type KubernetesTypes } from './json-schema/json-schema.ts'
export { inferenceGraph as inferenceGraphKind } from './kinds/inference-graph.ts'
export { inferenceService as inferenceServiceKind } from './kinds/inference-service.ts'
