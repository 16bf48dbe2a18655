import { group, type KindSource, type VersionSource } from '../kinds/kind-source.ts'
import type { JsonSchema } from './emit-schema.ts'

/** `$ref`s of what is sent and answered. */
export interface References {
  readonly object: string
  readonly list: string
  /** What a refusal or a deletion is answered with. */
  readonly status: string
}

/** The paths of one version of a kind with their operations, as a Kubernetes API server serves them. */
export function operationsOf(source: KindSource, version: VersionSource, references: References): JsonSchema {
  const { kind, plural, namespaced, singular } = source
  const base = `/apis/${group}/${version.name}`
  const scope = namespaced ? [inPath('namespace', 'Namespace of the object.')] : []
  const one = [inPath('name', `Name of the ${singular}.`), ...scope]
  const collection = namespaced ? `${base}/namespaces/{namespace}/${plural}` : `${base}/${plural}`
  const suffix = `${version.name.replace(/^v/, 'V')}${kind}`
  const operation = (verb: string, what: Operation) => operationOf({ ...what, id: verb, kind }, references.status)
  const object = { $ref: references.object }
  const list = { answer: { $ref: references.list }, parameters: listParameters }
  const deleted = { answer: { $ref: references.status }, parameters: deleteParameters }
  const item = (part: string) => ({
    parameters: one,
    get: operation(`read${suffix}${part}`, { answer: object, parameters: [] }),
    put: operation(`replace${suffix}${part}`, { answer: object, parameters: writeParameters, body: jsonBody(object) }),
    patch: operation(`patch${suffix}${part}`, { answer: object, parameters: patchParameters, body: patchBody }),
  })
  return {
    ...(namespaced ? { [`${base}/${plural}`]: { get: operation(`listAll${suffix}`, list) } } : {}),
    [collection]: {
      parameters: scope,
      get: operation(`list${suffix}`, list),
      post: operation(`create${suffix}`, {
        answer: object,
        isCreation: true,
        parameters: writeParameters,
        body: jsonBody(object),
      }),
      delete: operation(`deleteCollection${suffix}`, { ...deleted, parameters: [...selectors, ...deleteParameters] }),
    },
    [`${collection}/{name}`]: { ...item(''), delete: operation(`delete${suffix}`, deleted) },
    ...(version.statusSubresource ? { [`${collection}/{name}/status`]: item('Status') } : {}),
  }
}

interface Operation {
  readonly answer: JsonSchema
  readonly parameters: readonly JsonSchema[]
  readonly body?: JsonSchema
  /** A creation is answered with 201. */
  readonly isCreation?: boolean
}

function operationOf(
  { id, kind, answer, parameters, body, isCreation }: Operation & { readonly id: string; readonly kind: string },
  status: string,
): JsonSchema {
  const done = { description: 'Done.', content: { 'application/json': { schema: answer } } }
  return {
    operationId: id,
    tags: [kind],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: body } } : {}),
    responses: {
      [isCreation ? '201' : '200']: done,
      default: { description: 'Refused.', content: { 'application/json': { schema: { $ref: status } } } },
    },
  }
}

function jsonBody(schema: JsonSchema): JsonSchema {
  return { 'application/json': { schema } }
}

/** What a patch looks like depends on its kind, and none of them is a whole object. */
const patchBody: JsonSchema = {
  'application/merge-patch+json': { schema: { type: 'object' } },
  'application/json-patch+json': { schema: { type: 'array', items: { type: 'object' } } },
  'application/apply-patch+yaml': { schema: { type: 'object' } },
}

function inPath(name: string, description: string): JsonSchema {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } }
}

function inQuery(name: string, type: 'string' | 'integer' | 'boolean', description: string): JsonSchema {
  return { name, in: 'query', description, schema: { type } }
}

const selectors = [
  inQuery('labelSelector', 'string', 'Only objects with these labels, such as `team=a,env!=test`.'),
  inQuery('fieldSelector', 'string', 'Only objects with these fields: metadata.name, metadata.namespace.'),
]

const listParameters = [
  ...selectors,
  inQuery('limit', 'integer', 'Most objects in one answer; `metadata.continue` then asks for the next.'),
  inQuery('continue', 'string', 'From the answer before.'),
  inQuery('resourceVersion', 'string', 'How new the answer must be at least; with watch, from where on.'),
  inQuery('watch', 'boolean', 'Changes as they come, in place of a list: one JSON object a line.'),
  inQuery('timeoutSeconds', 'integer', 'How long to watch.'),
]

const dryRun = inQuery('dryRun', 'string', '`All`: check everything and store nothing.')

const writeParameters = [
  dryRun,
  inQuery('fieldManager', 'string', 'Who writes, for metadata.managedFields.'),
  inQuery('fieldValidation', 'string', 'Unknown and repeated fields: Ignore, Warn or Strict.'),
]

const patchParameters = [
  ...writeParameters,
  inQuery('force', 'boolean', 'With apply: take fields over from other managers.'),
]

const deleteParameters = [
  dryRun,
  inQuery('propagationPolicy', 'string', 'What becomes of what the object owns: Background, Foreground or Orphan.'),
]

export const listMetaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta'
export const statusName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status'

/** What every kind is listed and answered with: of Kubernetes' own schemas, those that no object holds. */
export const sharedSchemas: Readonly<Record<string, JsonSchema>> = {
  [listMetaName]: {
    type: 'object',
    description: 'About a list.',
    properties: {
      resourceVersion: { type: 'string', description: 'From where to watch.' },
      continue: { type: 'string', description: 'Asks for the objects after these; empty where there are none.' },
      remainingItemCount: { type: 'integer', format: 'int64', description: 'About how many are left.' },
    },
  },
  [statusName]: {
    type: 'object',
    description: 'What became of a request that is not answered with an object.',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { $ref: `#/components/schemas/${listMetaName}` },
      status: { type: 'string', description: 'Success or Failure.' },
      message: { type: 'string', description: 'A sentence for people.' },
      reason: { type: 'string', description: 'One word for the cause, for machines.' },
      details: { type: 'object', description: 'Which object, and which of its fields.' },
      code: { type: 'integer', format: 'int32', description: 'The HTTP status.' },
    },
  },
}
