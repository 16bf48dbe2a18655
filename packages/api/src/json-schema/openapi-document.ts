import { group, type KindSource, objectSchema, type VersionSource } from '../kinds/kind-source.ts'
import { kinds } from '../kinds/kinds.ts'
import { definition } from '../schema/schema.ts'
import { type JsonSchema, schemaEmitter } from './emit-schema.ts'
import { listMetaName, operationsOf, sharedSchemas, statusName } from './openapi-operations.ts'

/**
 * The API of our group as an OpenAPI 3.0 document: what a Kubernetes API server with all our CRDs answers, and the schemas in
 * full, which a CRD cannot carry. Schemas have the names that the API server gives them. `version` is the release's.
 */
export function openApiDocument(version: string): JsonSchema {
  const schemas = new Map<string, JsonSchema>(Object.entries(sharedSchemas))
  const refTo = (name: string) => `#/components/schemas/${name}`
  const emit = schemaEmitter({
    referenceTo: (_name, { origin = '' }) => refTo(origin),
    define: (name, schema) => schemas.set(definition(name).origin ?? name, schema),
    hasNumberFormats: true,
  })
  const paths: Record<string, JsonSchema> = {}
  for (const source of kinds) {
    for (const each of source.versions) {
      const name = schemaName(source, each)
      const metadata = emit({ $ref: 'ObjectMeta' })
      schemas.set(name, objectOf(source, each, emit(objectSchema(source, each)), metadata))
      schemas.set(`${name}List`, listOf(source, each, refTo(name), refTo(listMetaName)))
      Object.assign(
        paths,
        operationsOf(source, each, { object: refTo(name), list: refTo(`${name}List`), status: refTo(statusName) }),
      )
    }
  }
  return {
    openapi: '3.0.3',
    info: {
      title: group,
      description:
        'Model serving: the API of KServe as Millrace serves it. Made from packages/api by `npm run update`.',
      version,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0.html' },
    },
    tags: kinds.map(({ kind, description }) => ({ name: kind, description })),
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
  }
}

/** As Kubernetes names the schema of a CRD: the group's parts in reverse, version, kind. */
function schemaName({ kind }: KindSource, { name }: VersionSource): string {
  const [first = '', ...domain] = group.split('.')
  return [...domain.toReversed(), first, name, kind].join('.')
}

function objectOf(source: KindSource, version: VersionSource, schema: JsonSchema, metadata: JsonSchema): JsonSchema {
  const { properties, ...top } = schema as { readonly properties: JsonSchema }
  return {
    ...top,
    required: ['apiVersion', 'kind', 'metadata', ...version.required],
    properties: { ...properties, ...kindFields(source.kind, version), metadata },
    'x-kubernetes-group-version-kind': [{ group, version: version.name, kind: source.kind }],
  }
}

function listOf({ kind }: KindSource, version: VersionSource, item: string, listMeta: string): JsonSchema {
  return {
    type: 'object',
    description: `Objects of kind ${kind}.`,
    required: ['apiVersion', 'kind', 'metadata', 'items'],
    properties: {
      ...kindFields(`${kind}List`, version),
      metadata: { $ref: listMeta },
      items: { type: 'array', items: { $ref: item } },
    },
    'x-kubernetes-group-version-kind': [{ group, version: version.name, kind: `${kind}List` }],
  }
}

function kindFields(kind: string, { name }: VersionSource): JsonSchema {
  return { apiVersion: { type: 'string', enum: [`${group}/${name}`] }, kind: { type: 'string', enum: [kind] } }
}
