import type { KubeObject } from '@millrace/kube'
import type { Gvk, SubresourceInfo } from '../builtin/resource-info.ts'
import type { TablePrinter } from '../builtin/table-printer.ts'
import type { Strategy } from '../builtin/strategy.ts'
import type { NameRule } from '../builtin/validate-metadata.ts'
import type { FieldError } from '../schema/field-error.ts'
import type { JsonSchema, Schema } from '../schema/schema.ts'
import type { Entry } from '../store/store.ts'

/** What an object in a request was decoded to. */
export interface DecodedObject {
  readonly object: KubeObject
  /** Fields that were dropped because the kind does not have them. */
  readonly unknown: readonly string[]
}

/** Where the number and the selector of the scale subresource live: `.spec.replicas`. */
export interface ScalePaths {
  readonly specReplicas: string
  readonly statusReplicas: string
  readonly labelSelector: string | undefined
}

/** How one served version of a kind reads, completes and checks its objects. Built-in and custom kinds each have one. */
export interface KindBehaviour {
  readonly schema: Schema
  readonly strategy: Strategy
  readonly nameRule: NameRule
  /** Types checked and defaults filled in. Throws 400 for what cannot be decoded. */
  decode(object: unknown): DecodedObject
  prepareCreate(object: KubeObject): KubeObject
  /** `subresource` is '' or 'status'. */
  prepareUpdate(object: KubeObject, old: KubeObject, subresource: string): KubeObject
  validateCreate(object: KubeObject): Promise<readonly FieldError[]>
  validateUpdate(object: KubeObject, old: KubeObject, subresource: string): Promise<readonly FieldError[]>
  /** The stored text may be answered as it is: same version, and written under the present schema. */
  isServable(entry: Entry): boolean
  fromStorage(entries: readonly Entry[], signal: AbortSignal): Promise<readonly KubeObject[]>
  toStorage(object: KubeObject, signal: AbortSignal): Promise<KubeObject>
  /** Schema of the other versions, for field management. */
  schemaOf(apiVersion: string): Schema | undefined
  /** Objects in another version. Absent: the versions differ in nothing but apiVersion. Throws 500 when that fails. */
  readonly convert?: (
    objects: readonly KubeObject[],
    apiVersion: string,
    signal: AbortSignal,
  ) => Promise<readonly KubeObject[]>
  /** Values that field selectors may ask for, besides metadata.name and metadata.namespace. */
  selectableFields(object: KubeObject): Readonly<Record<string, string>>
  readonly selectableFieldNames: readonly string[]
}

/** One resource in one served version. */
export interface ServedResource {
  readonly gvk: Gvk
  readonly plural: string
  readonly singular: string
  readonly listKind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly subresources: readonly SubresourceInfo[]
  /** Where its objects are stored, the same for all versions: `deployments.apps`. */
  readonly bucket: string
  /** The kind and version that they are stored in. */
  readonly storedAs: Gvk
  readonly isCustom: boolean
  /** What every request to a deprecated version is warned with. */
  readonly deprecation?: string
  /** The definition is being deleted: nothing new is accepted. */
  readonly isTerminating?: boolean
  readonly printer: TablePrinter
  readonly scale: ScalePaths | undefined
  readonly behaviour: KindBehaviour
  /** A custom kind's schema as its author wrote it, for OpenAPI documents; the digest tells when it has changed. */
  readonly openApi?: { readonly digest: string; readonly schema: () => JsonSchema }
  /** Aborts when the definition changes or goes: its watches end, and clients start them anew. */
  readonly retired?: AbortSignal
}

export function apiVersionOf({ group, version }: Gvk): string {
  return group ? `${group}/${version}` : version
}

export function errorResource(resource: ServedResource): { readonly group: string; readonly plural: string } {
  return { group: resource.gvk.group, plural: resource.plural }
}

export function storeKey(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name
}

export function bucketOf(group: string, plural: string): string {
  return group ? `${plural}.${group}` : plural
}
