import type { KubeObject } from '@millrace/kube'
import { decodeBuiltin } from '../../builtin/decode.ts'
import type { Strategy } from '../../builtin/strategy.ts'
import { validateMetadata, validateMetadataUpdate } from '../../builtin/validate-metadata.ts'
import { badRequest } from '../../http/api-error.ts'
import { applyDefaults } from '../../schema/apply-defaults.ts'
import { compileCrdSchema } from '../../schema/compile-schema.ts'
import type { FieldError } from '../../schema/field-error.ts'
import { prune, unknownFields } from '../../schema/prune.ts'
import { compileRules, type RuleSet } from '../../schema/rules.ts'
import type { JsonSchema, Schema } from '../../schema/schema.ts'
import { validate } from '../../schema/validate.ts'
import type { Entry } from '../../store/store.ts'
import { textAt } from '../builtin-fields.ts'
import { isDeepEqual } from '../field-owner.ts'
import type { DecodedObject, KindBehaviour } from '../served-resource.ts'
import type { Converter } from './conversion.ts'
import type { Crd, CrdVersion } from './crd-spec.ts'
import { ratchet } from './ratchet.ts'

interface CustomKind {
  readonly crd: Crd
  readonly version: CrdVersion
  readonly namespaced: boolean
  /** The store's revision when this schema came: older texts are pruned and completed again when read. */
  readonly schemaRevision: number
  readonly converter: Converter
  readonly objectMeta: () => Schema
}

/** A custom resource in one version: structural schema, CEL rules, conversion. */
export function customBehaviour(kind: CustomKind): KindBehaviour {
  const { crd, version, namespaced, converter, objectMeta } = kind
  const apiVersion = `${crd.spec.group}/${version.name}`
  const schema = lazy(() => compileCrdSchema(schemaOf(version), objectMeta()))
  const rules = lazy(() => compileRules(schema()))
  const storedHead = JSON.stringify({ kind: crd.spec.names.kind, apiVersion }).slice(0, -1)
  const strategy: Strategy = {
    hasStatus: version.subresources?.status !== undefined,
    hasGeneration: true,
    allowsUnconditionalUpdate: false,
    allowsCreateOnUpdate: false,
  }
  const selectable = (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, ''))
  const isServable = (entry: Entry): boolean =>
    entry.revision > kind.schemaRevision && entry.value.startsWith(storedHead)

  return {
    get schema() {
      return schema()
    },
    strategy,
    nameRule: 'subdomain',
    decode: (value) => decodeCustom(value, schema(), objectMeta()),
    prepareCreate: (object) => prepareCreate(strategy, object),
    prepareUpdate: (object, old, subresource) => prepareUpdate(strategy, object, old, subresource),
    validateCreate: async (object) => [
      ...validateMetadata(object, namespaced, 'subdomain'),
      ...validate(object, schema()),
      ...ruleFindings(await rules(), object, undefined),
    ],
    validateUpdate: async (object, old) => [
      ...validateMetadataUpdate(object, old),
      ...ratchet(validate(object, schema()), object, old),
      ...ruleFindings(await rules(), object, old),
    ],
    isServable,
    fromStorage: async (entries, signal) => {
      const objects = entries.map((entry) => JSON.parse(entry.value) as KubeObject)
      if (entries.every(isServable)) return objects
      const converted = await converter.convert(objects, apiVersion, signal)
      return converted.map((object) => applyDefaults(prune(object, schema()), schema()))
    },
    toStorage: async (object, signal) => {
      const [stored] = await converter.convert([object], converter.storageApiVersion, signal)
      if (!stored) throw new Error('a conversion answers as many objects as it is asked for')
      return stored
    },
    schemaOf: (wanted) => {
      const other = crd.spec.versions.find(({ name }) => `${crd.spec.group}/${name}` === wanted)
      if (!other) return undefined
      return other === version ? schema() : compileCrdSchema(schemaOf(other), objectMeta())
    },
    selectableFields: (object) => Object.fromEntries(selectable.map((path) => [path, textAt(object, path)])),
    selectableFieldNames: selectable,
  }
}

function schemaOf(version: CrdVersion): JsonSchema {
  return version.schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function ruleFindings(
  rules: RuleSet | undefined,
  object: KubeObject,
  old: KubeObject | undefined,
): readonly FieldError[] {
  return rules?.validate(object, old) ?? []
}

/** Metadata is decoded like a built-in's; the rest is pruned and completed by the structural schema. */
function decodeCustom(value: unknown, schema: Schema, objectMeta: Schema): DecodedObject {
  const given = value as KubeObject
  const metadata = decodeBuiltin(given.metadata, objectMeta)
  if (!metadata.ok) throw badRequest(metadata.message)
  const unknownMetadata = metadata.unknown.map((path) => `metadata.${path}`)
  const object = { ...given, metadata: metadata.object as unknown as KubeObject['metadata'] }
  const unknown = [...unknownMetadata, ...unknownFields(object, schema)]
  return { object: applyDefaults(prune(object, schema), schema), unknown }
}

function prepareCreate(strategy: Strategy, object: KubeObject): KubeObject {
  const metadata = { ...object.metadata, generation: 1 }
  if (!strategy.hasStatus) return { ...object, metadata }
  const { status: _, ...rest } = object
  return { ...rest, metadata }
}

/** Through the object, status stays; through status, everything else (but managedFields) stays. */
function prepareUpdate(strategy: Strategy, object: KubeObject, old: KubeObject, subresource: string): KubeObject {
  if (subresource === 'status') {
    const { managedFields, resourceVersion } = object.metadata
    const metadata = { ...old.metadata }
    if (managedFields) metadata.managedFields = managedFields
    if (resourceVersion) metadata.resourceVersion = resourceVersion
    const { status: _, ...rest } = old
    return object['status'] === undefined ? { ...rest, metadata } : { ...rest, metadata, status: object['status'] }
  }
  const { status: _, ...wanted } = object
  const isSplit = strategy.hasStatus
  const next: KubeObject =
    isSplit && old['status'] !== undefined ? { ...wanted, status: old['status'] } : isSplit ? wanted : object
  return { ...next, metadata: { ...next.metadata, generation: nextGeneration(strategy, next, old) } }
}

/** With a status subresource only other changes count; without it every change outside of metadata does. */
function nextGeneration({ hasStatus }: Strategy, next: KubeObject, old: KubeObject): number {
  const generation = old.metadata.generation ?? 1
  const content = ({ metadata: _1, status, ...rest }: KubeObject): unknown => (hasStatus ? rest : { ...rest, status })
  return isDeepEqual(content(next), content(old)) ? generation : generation + 1
}
