import type { KubeObject } from '@millrace/kube'
import type { PrinterColumn } from '../../builtin/print-table.ts'
import type { WebhookClientConfig } from '../../admission/call-webhook.ts'
import type { JsonSchema } from '../../schema/schema.ts'

/** A CustomResourceDefinition's spec (apiextensions.k8s.io/v1), as validated. */
export interface CrdSpec {
  readonly group: string
  readonly scope: 'Namespaced' | 'Cluster'
  readonly names: CrdNames
  readonly versions: readonly CrdVersion[]
  readonly conversion?: { readonly strategy: 'None' | 'Webhook'; readonly webhook?: ConversionWebhook }
  readonly preserveUnknownFields?: boolean
}

export interface CrdNames {
  readonly plural: string
  readonly singular?: string
  readonly kind: string
  readonly listKind?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

export interface CrdVersion {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly deprecated?: boolean
  readonly deprecationWarning?: string
  readonly schema?: { readonly openAPIV3Schema?: JsonSchema }
  readonly subresources?: {
    readonly status?: object
    readonly scale?: {
      readonly specReplicasPath: string
      readonly statusReplicasPath: string
      readonly labelSelectorPath?: string
    }
  }
  readonly additionalPrinterColumns?: readonly PrinterColumn[]
  readonly selectableFields?: readonly { readonly jsonPath: string }[]
}

export interface ConversionWebhook {
  readonly clientConfig: WebhookClientConfig
  readonly conversionReviewVersions: readonly string[]
}

export interface CrdCondition {
  readonly type:
    | 'NamesAccepted'
    | 'Established'
    | 'Terminating'
    | 'NonStructuralSchema'
    | 'KubernetesAPIApprovalPolicyConformant'
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
}

export interface CrdStatus {
  /** null until the names have been looked at. */
  readonly conditions?: readonly CrdCondition[] | null
  readonly acceptedNames?: Partial<CrdNames>
  readonly storedVersions?: readonly string[]
}

export interface Crd extends KubeObject {
  readonly spec: CrdSpec
  readonly status?: CrdStatus
}

export const crdBucket = 'customresourcedefinitions.apiextensions.k8s.io'
export const crdFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

/** For objects read from the store: they were validated when written. */
export function asCrd(object: KubeObject): Crd {
  return object as Crd
}

export function hasCondition(crd: Crd, type: CrdCondition['type']): boolean {
  return crd.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false
}

/** The names with what the server fills in. */
export function completeNames(names: CrdNames): CrdNames {
  return {
    ...names,
    singular: names.singular || names.kind.toLowerCase(),
    listKind: names.listKind || (names.kind ? `${names.kind}List` : ''),
  }
}
