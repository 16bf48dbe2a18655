import type { KubeObject } from '@millrace/kube'
import { decodeBuiltin } from '../../builtin/decode.ts'
import { customStrategyOf, prepareCreate, prepareUpdate } from '../../builtin/strategy.ts'
import { validateMetadata, validateMetadataUpdate } from '../../builtin/validate-metadata.ts'
import { badRequest } from '../../http/api-error.ts'
import { applyDefaults } from '../../schema/apply-defaults.ts'
import { compileCrdSchema } from '../../schema/compile-schema.ts'
import { type FieldError, invalid } from '../../schema/field-error.ts'
import { prune, unknownFields } from '../../schema/prune.ts'
import { compileRules, type RuleSet } from '../../schema/rules.ts'
import type { JsonSchema, Schema } from '../../schema/schema.ts'
import { validate } from '../../schema/validate.ts'
import { validateEmbedded } from '../../schema/validate-embedded.ts'
import { validateListTypes } from '../../schema/validate-list-types.ts'
import type { Entry } from '../../store/store.ts'
import { textAt } from '../builtin-fields.ts'
import type { DecodedObject, KindBehaviour } from '../served-resource.ts'
import type { Converter } from './conversion.ts'
import type { Crd, CrdVersion } from './crd-spec.ts'

interface CustomKind {
  readonly crd: Crd
  readonly version: CrdVersion
  readonly namespaced: boolean
  /** The store's revision when this schema came: older texts are pruned and completed again when read. */
  readonly schemaRevision: number
  readonly schemaOf: (version: string) => JsonSchema
  readonly converter: Converter
  readonly objectMeta: () => Schema
}

/** A custom resource in one version: structural schema, CEL rules, conversion. */
export function customBehaviour(kind: CustomKind): KindBehaviour {
  const { crd, version, namespaced, converter, objectMeta } = kind
  const apiVersion = `${crd.spec.group}/${version.name}`
  const schema = lazy(() => compileCrdSchema(kind.schemaOf(version.name), objectMeta()))
  const rules = lazy(() => compileRules(schema()))
  const storedHead = JSON.stringify({ kind: crd.spec.names.kind, apiVersion }).slice(0, -1)
  const gvk = { group: crd.spec.group, version: version.name, kind: crd.spec.names.kind }
  const strategy = customStrategyOf(version.subresources?.status !== undefined)
  const selectable = (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, ''))
  const isServable = (entry: Entry): boolean =>
    entry.revision > kind.schemaRevision && entry.value.startsWith(storedHead)

  return {
    get schema() {
      return schema()
    },
    strategy,
    nameRule: 'subdomain',
    decode: (value) => decodeCustom(value, version.name, schema(), objectMeta()),
    prepareCreate: (object) => prepareCreate(strategy, gvk, object),
    prepareUpdate: (object, old, subresource) => prepareUpdate(strategy, object, old, subresource),
    validateCreate: async (object) => {
      const findings = [
        ...validateMetadata(object, namespaced, 'subdomain'),
        ...validate(object, schema()),
        ...validateEmbedded(object, schema()),
        ...validateListTypes(object, schema()),
      ]
      return [...findings, ...ruleFindings(await rules(), findings, object, undefined)]
    },
    validateUpdate: async (object, old) => {
      const findings = [
        ...validateMetadataUpdate(object, old),
        ...validate(object, schema(), { value: old }),
        ...validateEmbedded(object, schema()),
        // What was wrong in the stored object already is not held against its updates.
        ...(validateListTypes(old, schema()).length === 0 ? validateListTypes(object, schema()) : []),
      ]
      return [...findings, ...ruleFindings(await rules(), findings, object, old)]
    },
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
    ...(crd.spec.conversion?.strategy === 'Webhook' ? { convert: converter.convert } : {}),
    schemaOf: (wanted) => {
      const other = crd.spec.versions.find(({ name }) => `${crd.spec.group}/${name}` === wanted)
      if (!other) return undefined
      return other === version ? schema() : compileCrdSchema(kind.schemaOf(other.name), objectMeta())
    },
    selectableFields: (object) => Object.fromEntries(selectable.map((path) => [path, textAt(object, path)])),
    selectableFieldNames: selectable,
  }
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Findings after which a value may not have the shape that rules count on. */
const blocking: ReadonlySet<FieldError['type']> = new Set([
  'NotSupported',
  'Required',
  'TooLong',
  'TooMany',
  'TypeInvalid',
])
const uncheckedText =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'

function ruleFindings(
  rules: RuleSet | undefined,
  before: readonly FieldError[],
  object: KubeObject,
  old: KubeObject | undefined,
): readonly FieldError[] {
  if (!rules) return []
  if (before.some(({ type }) => blocking.has(type))) return [invalid('', null, uncheckedText)]
  return rules.validate(object, old)
}

/** Metadata is decoded like a built-in's; the rest is pruned and completed by the structural schema. */
function decodeCustom(value: unknown, version: string, schema: Schema, objectMeta: Schema): DecodedObject {
  const given = value as KubeObject
  const metadata = decodeBuiltin(given.metadata, objectMeta)
  if (!metadata.ok) {
    const head = `${given.kind} in version "${version}" cannot be handled as a ${given.kind}`
    throw badRequest(`${head}: ${metadata.message}`)
  }
  const unknownMetadata = metadata.unknown.map((path) => `metadata.${path}`)
  const object = { ...given, metadata: metadata.object as unknown as KubeObject['metadata'] }
  const unknown = [...unknownMetadata, ...unknownFields(object, schema)]
  return { object: applyDefaults(prune(object, schema), schema), unknown }
}
