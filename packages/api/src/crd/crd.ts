/** A JSON schema as a CustomResourceDefinition carries it. */
export interface CrdSchema {
  readonly type?: string
  readonly description?: string
  readonly format?: string
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly minProperties?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, CrdSchema>>
  readonly items?: CrdSchema
  readonly additionalProperties?: CrdSchema
  readonly 'x-kubernetes-int-or-string'?: true
  readonly 'x-kubernetes-preserve-unknown-fields'?: true
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-validations'?: readonly CrdRule[]
}

export interface CrdRule {
  readonly rule: string
  readonly message: string
  /** Such as `.minReplicas`. Kubernetes 1.28 and later. */
  readonly fieldPath?: string
}

export interface CrdVersion {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly schema: { readonly openAPIV3Schema: CrdSchema }
  readonly subresources?: { readonly status?: Readonly<Record<string, never>> }
  readonly additionalPrinterColumns?: readonly {
    readonly name: string
    readonly type: string
    readonly jsonPath: string
    readonly description?: string
  }[]
}

/** Who turns an object of one version into another. */
export interface CrdConversion {
  readonly strategy: 'Webhook'
  readonly webhook: { readonly conversionReviewVersions: readonly string[]; readonly clientConfig: ConversionClient }
}

/** Where the webhook is: an address, or a Service of the cluster. */
export type ConversionClient = (
  | { readonly url: string }
  | {
      readonly service: {
        readonly namespace: string
        readonly name: string
        readonly path: string
        readonly port: number
      }
    }
) & {
  /** PEM in base64. */
  readonly caBundle?: string
}

/** The parts of apiextensions.k8s.io/v1 CustomResourceDefinition that we write. */
export type CustomResourceDefinition = {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly group: string
    readonly scope: 'Namespaced' | 'Cluster'
    readonly names: {
      readonly kind: string
      readonly listKind: string
      readonly plural: string
      readonly singular: string
      readonly shortNames?: readonly string[]
      readonly categories?: readonly string[]
    }
    readonly versions: readonly CrdVersion[]
    readonly conversion?: CrdConversion
  }
}
