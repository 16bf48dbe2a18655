import type { Rule, Schema, SchemaData } from '../schema/schema.ts'

/** Kinds are installed in groups; a kind that is not installed is simply not watched. */
export type InstallGroup = 'core' | 'graph' | 'multi-model' | 'local-model'

export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean' | 'date'
  readonly jsonPath: string
  readonly description?: string
}

/** One version of a kind. `fields` are those beside apiVersion, kind and metadata. */
export interface VersionSource {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  /** Installed only where somebody asks for it, beside the version that is stored; its pods are open in the CRD. */
  readonly isPreview?: boolean
  readonly fields: Readonly<Record<string, Schema<unknown>>>
  /** Beside apiVersion, kind and metadata. KServe's schema demands nothing at the top; its webhooks do. */
  readonly required: readonly string[]
  readonly rules?: readonly Rule[]
  readonly statusSubresource: boolean
  readonly printerColumns: readonly PrinterColumn[]
}

/** All that is said about a kind; everything generated is generated from this. */
export interface KindSource {
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly installGroup: InstallGroup
  readonly description: string
  readonly versions: readonly VersionSource[]
}

export const group = 'serving.kserve.io'

export const ageColumn: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }
export const readyColumn: PrinterColumn = {
  name: 'Ready',
  type: 'string',
  jsonPath: ".status.conditions[?(@.type=='Ready')].status",
}
export const urlColumn: PrinterColumn = { name: 'URL', type: 'string', jsonPath: '.status.url' }

/** The version that is stored. Every kind has one. */
export function storageVersion(source: KindSource): VersionSource {
  const found = source.versions.find((version) => version.storage)
  if (!found) throw new Error(`${source.kind} has no storage version`)
  return found
}

/** The schema of a whole object of this version. */
export function objectSchema(source: KindSource, version: VersionSource): SchemaData {
  return {
    type: 'object',
    description: source.description,
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      ...version.fields,
    },
    required: version.required,
    ...(version.rules ? { rules: version.rules } : {}),
  }
}
