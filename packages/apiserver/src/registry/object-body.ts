import type { KubeObject } from '@millrace/kube'
import { builtinCatalog } from '../builtin/catalog.ts'
import { badRequest, invalid, unsupportedMediaType } from '../http/api-error.ts'
import { decodeProtobuf } from '../http/decode-protobuf.ts'
import { invalid as invalidField } from '../schema/field-error.ts'
import { deepEqual } from '../schema/deep-equal.ts'
import { parseJsonStrict } from '../schema/parse-json.ts'
import type { ApiRequest } from './api-request.ts'
import { apiVersionOf, type KindBehaviour, type ServedResource } from './served-resource.ts'
import type { WriteOptions } from './write-options.ts'

export interface ParsedBody {
  readonly value: unknown
  /** A sentence for each key that was given twice. */
  readonly repeats: readonly string[]
}

const acceptedTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const

/** The body as JSON value, from JSON, YAML or protobuf. Throws 400 and 415. */
export async function readBodyValue(request: ApiRequest): Promise<ParsedBody> {
  const { contentType } = request
  const bytes = await request.readBody()
  if (contentType === 'application/vnd.kubernetes.protobuf') return parseProtobufBody(bytes)
  const text = bytes.toString('utf8')
  if (contentType === 'application/json' || contentType === '') return parseJsonBody(text, request.resource.gvk.kind)
  if (contentType === 'application/yaml') return parseYamlBody(text)
  throw unsupportedMediaType(acceptedTypes)
}

async function parseProtobufBody(bytes: Buffer): Promise<ParsedBody> {
  const decoded = await decodeProtobuf(bytes)
  if (!decoded.ok) throw badRequest(`the object provided is unrecognized: ${decoded.message}`)
  return { value: decoded.value, repeats: [] }
}

export function parseJsonBody(text: string, kind = 'object'): ParsedBody {
  const parsed = parseJsonStrict(text)
  if (!parsed.ok) {
    const head = `the object provided is unrecognized (must be of type ${kind})`
    throw badRequest(`${head}: couldn't get version/kind; json parse error: ${parsed.message} (${text.slice(0, 20)})`)
  }
  return { value: parsed.value, repeats: repeatsOf(parsed.duplicates) }
}

export function repeatsOf(paths: readonly string[]): readonly string[] {
  return paths.map((path) => `duplicate field "${path}"`)
}

/** YAML is loaded when the first YAML body comes: most clients send JSON. */
export async function parseYamlBody(text: string): Promise<ParsedBody> {
  if (/^\s*\{/.test(text)) {
    const parsed = parseJsonStrict(text)
    if (parsed.ok) return { value: parsed.value, repeats: repeatsOf(parsed.duplicates) }
  }
  const { readYaml } = await import('./read-yaml.ts')
  try {
    const { value, repeated } = readYaml(text)
    return { value, repeats: repeated.map(yamlRepeat) }
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function yamlRepeat({ key, line }: { readonly key: unknown; readonly line: number }): string {
  return `yaml: unmarshal errors:\n  line ${line}: key ${JSON.stringify(key)} already set in map`
}

/** The object of a create or update, checked to be of the resource's kind. Throws 400. */
export async function readObject(
  request: ApiRequest,
  options: WriteOptions,
  behaviour: KindBehaviour = request.resource.behaviour,
): Promise<KubeObject> {
  const body = await readBodyValue(request)
  return decodeObject(request, behaviour, body, options)
}

/** Completes an object with defaults and reports unknown and duplicate fields as `fieldValidation` asks. */
export function decodeObject(
  request: Pick<ApiRequest, 'resource' | 'warn'>,
  behaviour: KindBehaviour,
  body: ParsedBody,
  options: WriteOptions,
): KubeObject {
  const typed = withKind(request.resource, body.value)
  const { object: decoded, unknown } = behaviour.decode(typed)
  const object = withSingleOwners(request, decoded)
  if (options.fieldValidation === 'Ignore') return object
  const findings = [...unknown.map((path) => `unknown field "${path}"`), ...body.repeats]
  if (findings.length === 0) return object
  if (options.fieldValidation === 'Warn') {
    for (const finding of findings) request.warn(finding)
    return object
  }
  const { kind, version } = request.resource.gvk
  const head = `${kind} in version "${version}" cannot be handled as a ${kind}`
  throw badRequest(`${head}: strict decoding error: ${findings.join(', ')}`)
}

/** The same owner twice is once enough; the client is told, since newer servers may refuse it. */
function withSingleOwners({ warn }: Pick<ApiRequest, 'warn'>, object: KubeObject): KubeObject {
  const { ownerReferences = [] } = object.metadata
  const isRepeated = (index: number): boolean =>
    ownerReferences.slice(0, index).some((earlier) => deepEqual(earlier, ownerReferences[index]))
  const repeated = ownerReferences.filter((_, index) => isRepeated(index))
  if (repeated.length === 0) return object
  const uids = [...new Set(repeated.map(({ uid }) => uid))].join(', ')
  warn(
    '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject ' +
      `such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids}`,
  )
  const single = ownerReferences.filter((_, index) => !isRepeated(index))
  return { ...object, metadata: { ...object.metadata, ownerReferences: single } }
}

/** Built-in kinds may leave out kind and apiVersion; whoever gives them must give the right ones. */
export function withKind(resource: ServedResource, value: unknown): Record<string, unknown> {
  const { gvk, isCustom } = resource
  if (!isRecord(value)) throw badRequest(`the body must be a ${gvk.kind} object`)
  const apiVersion = apiVersionOf(gvk)
  if (isCustom && !value['kind']) {
    const head = `the object provided is unrecognized (must be of type ${gvk.kind})`
    throw badRequest(`${head}: Object 'Kind' is missing in '${JSON.stringify(value)}'`)
  }
  const apiVersionDefault = isCustom ? '' : apiVersion
  const given = {
    apiVersion: String(value['apiVersion'] || apiVersionDefault),
    kind: String(value['kind'] || gvk.kind),
  }
  if (isCustom && given.apiVersion === apiVersion && given.kind !== gvk.kind) {
    const name = isRecord(value['metadata']) ? String(value['metadata']['name'] ?? '') : ''
    throw invalid(given.kind, gvk.group, name, [invalidField('kind', given.kind, `must be ${gvk.kind}`)])
  }
  if (given.apiVersion !== apiVersion || given.kind !== gvk.kind) throw badRequest(otherKindText(resource, given))
  if (value['metadata'] !== undefined && value['metadata'] !== null && !isRecord(value['metadata'])) {
    throw badRequest('metadata must be an object')
  }
  return { ...value, kind: gvk.kind, apiVersion, metadata: value['metadata'] ?? {} }
}

/** How the real server words an object of another kind. */
function otherKindText({ gvk, isCustom }: ServedResource, given: { apiVersion: string; kind: string }): string {
  const version = given.apiVersion.slice(given.apiVersion.indexOf('/') + 1)
  const group = gvk.group.split('.')[0] || 'core'
  if (given.kind === gvk.kind || isCustom) {
    const [, groupOf = ''] = /^(.*)\//.exec(given.apiVersion) ?? []
    if (!isCustom && !builtinCatalog().schemaOf({ group: groupOf, version, kind: given.kind })) {
      const why = `no kind "${given.kind}" is registered for version "${given.apiVersion}" in scheme "pkg/runtime/scheme.go:110"`
      return `${given.kind} in version "${version}" cannot be handled as a ${gvk.kind}: ${why}`
    }
    const expected = `does not match the expected API version (${apiVersionOf(gvk)})`
    return `the API version in the data (${given.apiVersion}) ${expected}`
  }
  const head = `${given.kind} in version "${version}" cannot be handled as a ${gvk.kind}`
  return `${head}: converting (${version}.${given.kind}) to (${group}.${gvk.kind}): unknown conversion`
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
