/**
 * Compiles Kubernetes' OpenAPI v3 documents into data/kubernetes.json, the structural knowledge of the built-in API.
 *
 *   node packages/apiserver/scripts/compile-openapi.ts <directory of documents>
 *   node packages/apiserver/scripts/compile-openapi.ts https://127.0.0.1:6443 --token TOKEN [--insecure]
 *
 * A document is what kube-apiserver serves at /openapi/v3/<group version>, or an extract { paths, schemas } of it.
 * Descriptions are left out; short names and categories come from data/names.json, presence of empty fields from
 * data/presence.json (neither is in OpenAPI).
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { words } from '../src/schema/words.ts'

type Json = Record<string, unknown>
interface Gvk {
  readonly group: string
  readonly version: string
  readonly kind: string
}
interface Operation {
  readonly 'x-kubernetes-action'?: string
  readonly 'x-kubernetes-group-version-kind'?: Gvk
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>
  readonly schemas: Record<string, Json>
}
interface Subresource {
  readonly name: string
  readonly gvk: Gvk
  readonly verbs: string[]
}
interface Resource {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly namespaced: boolean
  readonly verbs: string[]
  readonly shortNames?: string[]
  readonly categories?: string[]
  readonly subresources: Subresource[]
}

/** Group versions taken from a running server; a directory gives those it holds. */
const groupVersions = words(`
  api/v1 admissionregistration.k8s.io/v1 apiextensions.k8s.io/v1 apps/v1 authentication.k8s.io/v1
  authorization.k8s.io/v1 autoscaling/v2 batch/v1 coordination.k8s.io/v1 discovery.k8s.io/v1 events.k8s.io/v1
  networking.k8s.io/v1 policy/v1 rbac.authorization.k8s.io/v1 scheduling.k8s.io/v1 storage.k8s.io/v1
`).map((name) => (name.startsWith('api/') ? name : `apis/${name}`))

const data = new URL('../data/', import.meta.url)
const readData = (name: string): Json => JSON.parse(readFileSync(new URL(name, data), 'utf8'))

function readDirectory(directory: string): Map<string, Document> {
  const documents = new Map<string, Document>()
  for (const file of readdirSync(directory).sort()) {
    if (!file.endsWith('.json')) continue
    const path = file.slice(0, -'.json'.length).replaceAll('_', '/')
    documents.set(path, asDocument(JSON.parse(readFileSync(join(directory, file), 'utf8'))))
  }
  return documents
}

async function readServer(server: string, token: string): Promise<Map<string, Document>> {
  const documents = new Map<string, Document>()
  for (const path of groupVersions) {
    const answer = await fetch(`${server}/openapi/v3/${path}`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      signal: AbortSignal.timeout(30_000),
    })
    if (!answer.ok) throw new Error(`${path}: the server answered ${answer.status}`)
    documents.set(path, asDocument((await answer.json()) as Json))
  }
  return documents
}

function asDocument(raw: Json): Document {
  const components = raw.components as Json | undefined
  return { paths: raw.paths as Document['paths'], schemas: (components?.schemas ?? raw.schemas) as Document['schemas'] }
}

/** A schema without prose; `allOf: [{$ref}]` becomes `$ref`, and references lose their constant prefix. */
function compact(raw: unknown): unknown {
  if (Array.isArray(raw)) return raw.map(compact)
  if (typeof raw !== 'object' || raw === null) return raw
  const out: Json = {}
  for (const [key, value] of Object.entries(raw)) {
    if (key === 'description' && typeof value === 'string') continue
    if (key === '$ref') out.$ref = String(value).replace('#/components/schemas/', '')
    else if (key === 'properties') out.properties = mapValues(value as Json, compact)
    else if (key === 'default' || key === 'enum') out[key] = value
    else if (key === 'allOf' && Array.isArray(value) && value.length === 1) Object.assign(out, compact(value[0]))
    else out[key] = compact(value)
  }
  return out
}

const mapValues = (object: Json, change: (value: unknown) => unknown): Json =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))

/** Marks the properties whose presence OpenAPI leaves open. Unknown names are an error: the table has to stay true. */
function markPresence(schemas: Record<string, Json>): void {
  const long = (name: string) =>
    Object.keys(schemas).find(
      (full) => full === name || full.endsWith(`.apis.${name}`) || full.endsWith(`.api.${name}`),
    )
  for (const [mark, table] of Object.entries(readData('presence.json'))) {
    if (mark === '//') continue
    for (const [name, fields] of Object.entries(table as Record<string, string[]>)) {
      const properties = schemas[long(name) ?? '']?.properties as Record<string, Json> | undefined
      for (const field of fields) {
        const property = properties?.[field]
        if (!property) throw new Error(`presence.json: ${name}.${field} is not in the schemas`)
        property['x-presence'] = mark
      }
    }
  }
}

const verbOf: Readonly<Record<string, string>> = {
  get: 'get',
  list: 'list',
  post: 'create',
  put: 'update',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deletecollection',
}
const verbOfMethod: Readonly<Record<string, string>> = {
  get: 'get',
  post: 'create',
  put: 'update',
  patch: 'patch',
  delete: 'delete',
}

/** Where a path leads: `/api/v1/namespaces/{namespace}/pods/{name}/log` is pods, namespaced, subresource log. */
function place(path: string, prefix: string): { plural: string; namespaced: boolean; sub: string } | undefined {
  let parts = path
    .slice(prefix.length + 2)
    .split('/')
    .filter(Boolean)
  if (parts.length === 0 || parts[0] === 'watch') return undefined
  const namespaced = parts[0] === 'namespaces' && parts[1] === '{namespace}'
  if (namespaced) parts = parts.slice(2)
  const [plural = '', , ...rest] = parts
  if (rest.at(-1) === '{path}') return undefined
  return { plural, namespaced, sub: rest.join('/') }
}

function resourcesOf(prefix: string, document: Document): Resource[] {
  const [group, version] = prefix.startsWith('api/') ? ['', prefix.slice(4)] : prefix.slice(5).split('/')
  const names = readData('names.json') as Record<string, { shortNames?: string[]; categories?: string[] }>
  const found = new Map<string, Resource>()
  const watched = new Set(
    Object.keys(document.paths)
      .filter((path) => path.includes('/watch/'))
      .map((path) => path.split('/').at(-1)),
  )
  const paths = Object.entries(document.paths).sort(([a], [b]) => a.length - b.length)
  for (const [path, item] of paths) {
    const where = place(path, prefix)
    const operations = Object.entries(item).filter(([, operation]) => operation?.['x-kubernetes-group-version-kind'])
    if (!where || operations.length === 0) continue
    if (where.sub !== '') {
      found.get(where.plural)?.subresources.push(subresourceOf(where.sub, operations))
      continue
    }
    const gvk = operations[0]?.[1]['x-kubernetes-group-version-kind']
    if (!gvk) continue
    const resource: Resource = found.get(where.plural) ?? {
      group: group ?? '',
      version: version ?? '',
      kind: gvk.kind,
      plural: where.plural,
      singular: gvk.kind.toLowerCase(),
      namespaced: where.namespaced,
      verbs: watched.has(where.plural) ? ['watch'] : [],
      ...names[where.plural],
      subresources: [],
    }
    const verbs = operations.map(([, operation]) => verbOf[operation['x-kubernetes-action'] ?? ''] ?? '')
    const merged = [...new Set([...resource.verbs, ...verbs])].filter(Boolean).sort()
    found.set(where.plural, { ...resource, namespaced: resource.namespaced || where.namespaced, verbs: merged })
  }
  for (const resource of found.values()) resource.subresources.sort((a, b) => (a.name < b.name ? -1 : 1))
  return [...found.values()].sort((a, b) => (a.plural < b.plural ? -1 : 1))
}

function subresourceOf(name: string, operations: [string, Operation][]): Subresource {
  const gvk = operations[0]?.[1]['x-kubernetes-group-version-kind']
  if (!gvk) throw new Error(`subresource ${name} has no kind`)
  const verbs = operations.map(([method]) => verbOfMethod[method] ?? '')
  return { name, gvk, verbs: [...new Set(verbs)].filter(Boolean).sort() }
}

function schemasOf(documents: Map<string, Document>): Record<string, Json> {
  const schemas: Record<string, Json> = {}
  for (const document of documents.values()) {
    for (const [name, raw] of Object.entries(document.schemas)) {
      const schema = compact(raw) as Json
      const kinds = schema['x-kubernetes-group-version-kind'] as Gvk[] | undefined
      if (kinds && kinds.length > 2) delete schema['x-kubernetes-group-version-kind']
      schemas[name] = schema
    }
  }
  markPresence(schemas)
  return Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** JSON with sorted keys: the file is the same whichever source it was made from. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { token: { type: 'string', default: '' }, insecure: { type: 'boolean', default: false } },
})
const source = positionals[0]
if (!source) throw new Error('say where the OpenAPI documents are: a directory or the address of a kube-apiserver')
if (values.insecure) process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
const documents = source.startsWith('http') ? await readServer(source, values.token) : readDirectory(source)
const groups = [...documents].map(([path, document]) => ({ path, resources: resourcesOf(path, document) }))
const schemas = schemasOf(documents)
const lines = Object.entries(schemas).map(([name, schema]) => `${JSON.stringify(name)}:${sortedJson(schema)}`)
const groupLines = groups.map((group) => sortedJson(group))
const text = `{"groups":[\n${groupLines.join(',\n')}\n],"schemas":{\n${lines.join(',\n')}\n}}\n`
JSON.parse(text)
writeFileSync(new URL('kubernetes.json', data), text)
process.stdout.write(`${groups.length} group versions, ${lines.length} schemas, ${text.length} bytes\n`)
