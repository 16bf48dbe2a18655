import { conversions, convertObject } from '../convert/convert-object.ts'
import { inNewerWords } from '../convert/newer-words.ts'
import type { ClusterStorageContainer } from '../kinds/cluster-storage-container.ts'
import type { InferenceGraph } from '../kinds/inference-graph.ts'
import type { InferenceService } from '../kinds/inference-service.ts'
import { group, type KindSource, objectSchema, storageVersion, type VersionSource } from '../kinds/kind-source.ts'
import { findKind, kinds, kindsOfKServe } from '../kinds/kinds.ts'
import type { LocalModelCache, LocalModelNamespaceCache } from '../kinds/local-model.ts'
import type { ServingRuntime } from '../kinds/serving-runtime.ts'
import { definition, type SchemaData } from '../schema/schema.ts'
import type { CheckContext } from './check-context.ts'
import { checkInferenceGraph } from './check-inference-graph.ts'
import { checkInferenceService } from './check-inference-service.ts'
import { checkLocalModelCache } from './check-local-model.ts'
import { checkSchema, isRecord } from './check-schema.ts'
import { checkSchemaRules } from './check-schema-rules.ts'
import { checkServingRuntime } from './check-serving-runtime.ts'
import { checkClusterStorageContainer } from './check-storage-container.ts'
import { errorAt, type Finding, formatFinding, warningAt } from './finding.ts'
import { nearName } from './near-name.ts'
import { withoutNulls } from './without-nulls.ts'

/**
 * Everything there is to say about an object of ours: its schema in full, then, if that holds, the rules that a schema
 * cannot express. An object with an error is refused; without one it is what KServe v0.20 would accept.
 *
 * On an update, what was wrong before in the same way is a warning: an object that another version let in can still be
 * labelled and finalized. One that is being deleted is not checked, or its finalizers could not go.
 */
export function checkObject(object: unknown, context: CheckContext = {}): Finding[] {
  if (!isRecord(object))
    return [errorAt([], 'type', 'is not an object: a document needs apiVersion, kind and metadata')]
  if (context.old === undefined) return checkAlone(object, context)
  if (isRecord(object['metadata']) && object['metadata']['deletionTimestamp']) return []
  const { old, ...atRest } = context
  const before = isRecord(old) ? checkAlone(old, atRest).map(formatFinding) : []
  return checkAlone(object, context).map((finding) =>
    before.includes(formatFinding(finding)) ? { ...finding, severity: 'warning' } : finding,
  )
}

function checkAlone(object: Readonly<Record<string, unknown>>, context: CheckContext): Finding[] {
  const kind = typeof object['kind'] === 'string' ? object['kind'] : ''
  const findings = validateObject(kind, object)
  const source = findKind(kind)
  const version = source && versionOf(source, object['apiVersion'])
  if (!version || findings.some(({ severity }) => severity === 'error')) return findings
  const value = withoutNulls(object)
  const old = context.old === undefined ? undefined : inVersion(withoutNulls(context.old), object['apiVersion'])
  const schemaRules = checkSchemaRules(schemaOf(source, version), value, old)
  return [...findings, ...schemaRules, ...checkStored(source, value, { ...context, old })]
}

/** The rules beyond the schema are written for the stored version; what they say is said in the version of the object. */
function checkStored(source: KindSource, object: Readonly<Record<string, unknown>>, context: CheckContext): Finding[] {
  const stored = `${group}/${storageVersion(source).name}`
  const shape = conversions.find(({ kind }) => kind === source.kind)?.shape
  if (!shape || object['apiVersion'] === stored) return checkRules(object, context)
  const old = context.old === undefined ? undefined : inVersion(context.old, stored)
  return checkRules(inVersion(object, stored), { ...context, old }).map((finding) => inNewerWords(finding, shape))
}

function inVersion(object: unknown, apiVersion: unknown): unknown {
  const converted = convertObject(object, String(apiVersion))
  return converted.ok ? converted.object : undefined
}

/**
 * What the complete schema of `kind` says about `value`, a whole object: apiVersion, types, unknown and missing fields,
 * enumerations, patterns, quantities, keys that stand twice. Says nothing about the rules beyond (`checkObject` does).
 */
export function validateObject(kind: string, value: unknown): Finding[] {
  const source = findKind(kind)
  if (!source) return [unknownKind(kind)]
  if (!isRecord(value)) return [errorAt([], 'type', 'is not an object')]
  const { apiVersion, metadata, ...rest } = value
  const version = versionOf(source, apiVersion)
  if (!version) {
    const versions = source.versions.map(({ name }) => `${group}/${name}`).join(', ')
    const message = `${JSON.stringify(apiVersion)} is not a version of ${kind}: use ${versions}`
    return [errorAt(['apiVersion'], 'api-version', message, { value: apiVersion })]
  }
  const findings = checkSchema(schemaOf(source, version), { apiVersion, ...rest })
  return [...checkMetadata(metadata), ...findings.filter((finding) => isLookedAt(finding, version))]
}

function unknownKind(kind: string): Finding {
  if (kindsOfKServe.includes(kind)) {
    const message = `${kind} is not checked here: Millrace does not serve it, KServe's controller of it goes on beside Millrace`
    return warningAt(['kind'], 'kind', message, { value: kind })
  }
  const names = kinds.map((each) => each.kind)
  const near = nearName(kind, names)
  const advice = near === undefined ? `: use one of ${names.join(', ')}` : `: did you mean ${near}?`
  return errorAt(['kind'], 'kind', `${JSON.stringify(kind)} is not a kind of ${group}${advice}`, { value: kind })
}

/**
 * A status with a subresource of its own is dropped when it comes with the object, whatever its fields hold; only fields that
 * it does not have are looked for before, also in what should be no object.
 */
function isLookedAt({ segments, rule, value }: Finding, { statusSubresource }: VersionSource): boolean {
  if (!statusSubresource || segments[0] !== 'status') return true
  return rule === 'unknown-field' || (typeof value === 'object' && value !== null)
}

function versionOf(source: KindSource, apiVersion: unknown): VersionSource | undefined {
  return source.versions.find(({ name }) => `${group}/${name}` === apiVersion)
}

const schemas = new Map<string, SchemaData>()

function schemaOf(source: KindSource, version: VersionSource): SchemaData {
  const key = `${source.kind}/${version.name}`
  const schema = schemas.get(key) ?? objectSchema(source, version)
  schemas.set(key, schema)
  return schema
}

const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const nameLengthMax = 253

/** Kubernetes checks metadata itself; offline it is checked here, as far as people write it. */
function checkMetadata(metadata: unknown): Finding[] {
  const place = { key: 'metadata' }
  const findings = checkSchema(definition('ObjectMeta'), metadata ?? {}, place)
  if (!isRecord(metadata)) return [...findings, errorAt(['metadata', 'name'], 'required', 'is required: add it')]
  const { name, generateName } = metadata
  if (!name && !generateName) findings.push(errorAt(['metadata', 'name'], 'required', 'is required: add it'))
  if (typeof name === 'string' && name !== '' && (!dnsName.test(name) || name.length > nameLengthMax)) {
    const message =
      name.length > nameLengthMax
        ? `is ${name.length} characters long, at most ${nameLengthMax} are allowed`
        : `${JSON.stringify(name)} is not a name that Kubernetes takes: use lower-case letters, digits, "-" and ".", and begin and end with a letter or digit`
    findings.push(errorAt(['metadata', 'name'], 'dns-name', message, { value: name }))
  }
  return findings
}

/** The schema has accepted the object, so it is of its kind's type. */
function checkRules(object: unknown, context: CheckContext): Finding[] {
  switch ((object as { readonly kind: string }).kind) {
    case 'InferenceService':
      return checkInferenceService(object as InferenceService, context)
    case 'ServingRuntime':
    case 'ClusterServingRuntime':
      return checkServingRuntime(object as ServingRuntime, context)
    case 'InferenceGraph':
      return checkInferenceGraph(object as InferenceGraph, context)
    case 'ClusterStorageContainer':
      return checkClusterStorageContainer(object as ClusterStorageContainer)
    case 'LocalModelCache':
    case 'LocalModelNamespaceCache':
      return checkLocalModelCache(object as LocalModelCache | LocalModelNamespaceCache, context)
    default:
      return []
  }
}
