import type { JsonSchema } from '../schema/schema.ts'
import type { Gvk, ResourceInfo } from './resource-info.ts'

type Json = Record<string, unknown>
type Definitions = Readonly<Record<string, JsonSchema>>

const schemaPrefix = '#/components/schemas/'
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

/**
 * The OpenAPI v3 document of one group version (`api/v1`, `apis/apps/v1`), with what clients read from it: kubectl
 * explain (schemas by kind), kubectl apply (patch types, merge keys) and the fieldValidation query parameter.
 */
export function openApiDocument(
  path: string,
  resources: readonly ResourceInfo[],
  definitions: Definitions,
): JsonSchema {
  const names = new Map<string, string>()
  for (const [name, schema] of Object.entries(definitions)) {
    for (const gvk of kindsOf(schema)) names.set(`${gvk.group}/${gvk.version}/${gvk.kind}`, name)
  }
  const nameOf = (gvk: Gvk): string | undefined => names.get(`${gvk.group}/${gvk.version}/${gvk.kind}`)
  const roots: string[] = [`${meta}.Status`, `${meta}.DeleteOptions`, `${meta}.Patch`]
  const paths: Json = {}
  for (const resource of resources) {
    Object.assign(paths, pathsOf(path, resource, nameOf))
    const used = [resource.gvk, { ...resource.gvk, kind: `${resource.gvk.kind}List` }]
    for (const gvk of [...used, ...resource.subresources.map((sub) => sub.gvk)]) {
      const name = nameOf(gvk)
      if (name !== undefined) roots.push(name)
    }
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.34.2' },
    paths,
    components: { schemas: reachable(roots, definitions) },
  }
}

/** One path item for the collection, the object and each subresource of a resource, namespaced or not. */
export function pathsOf(
  path: string,
  resource: ResourceInfo,
  nameOf: (gvk: Gvk) => string | undefined,
  patches: readonly string[] = builtinPatchTypes,
): Json {
  const schema = reference(nameOf(resource.gvk))
  const list = reference(nameOf({ ...resource.gvk, kind: `${resource.gvk.kind}List` }))
  const base = resource.namespaced
    ? `/${path}/namespaces/{namespace}/${resource.plural}`
    : `/${path}/${resource.plural}`
  const scope = resource.namespaced ? [pathParameter('namespace')] : []
  const named = [pathParameter('name'), ...scope]
  const paths: Json = {}
  const collection = operations(
    resource.verbs,
    ['list', 'create', 'deletecollection'],
    resource.gvk,
    schema,
    list,
    patches,
  )
  if (Object.keys(collection).length > 0) paths[base] = { ...collection, parameters: scope }
  if (resource.namespaced && resource.verbs.includes('list')) {
    paths[`/${path}/${resource.plural}`] = operations(resource.verbs, ['list'], resource.gvk, schema, list, patches)
  }
  const single = operations(resource.verbs, ['get', 'update', 'patch', 'delete'], resource.gvk, schema, list, patches)
  if (Object.keys(single).length > 0) paths[`${base}/{name}`] = { ...single, parameters: named }
  for (const sub of resource.subresources) {
    const body = reference(nameOf(sub.gvk))
    const item = operations(sub.verbs, ['get', 'create', 'update', 'patch', 'delete'], sub.gvk, body, list, patches)
    paths[`${base}/{name}/${sub.name}`] = { ...item, parameters: named }
  }
  return paths
}

const methods: Readonly<Record<string, { readonly method: string; readonly action: string }>> = {
  list: { method: 'get', action: 'list' },
  get: { method: 'get', action: 'get' },
  create: { method: 'post', action: 'post' },
  update: { method: 'put', action: 'put' },
  patch: { method: 'patch', action: 'patch' },
  delete: { method: 'delete', action: 'delete' },
  deletecollection: { method: 'delete', action: 'deletecollection' },
}

/** What custom kinds take. kubectl apply sends a strategic patch wherever the document offers one. */
export const customPatchTypes = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
]
const builtinPatchTypes = [...customPatchTypes, 'application/strategic-merge-patch+json']

function operations(
  verbs: readonly string[],
  wanted: readonly string[],
  gvk: Gvk,
  body: Json,
  list: Json,
  patches: readonly string[],
): Json {
  const found: Json = {}
  for (const verb of wanted) {
    const known = methods[verb]
    if (!known || !verbs.includes(verb)) continue
    const writes = verb === 'create' || verb === 'update' || verb === 'patch'
    found[known.method] = {
      operationId: `${verb}${gvk.kind}`,
      ...(writes
        ? {
            parameters: writeParameters(verb),
            requestBody: { content: requestContent(verb, body, patches), required: true },
          }
        : {}),
      responses: {
        '200': { description: 'OK', content: { 'application/json': { schema: verb === 'list' ? list : body } } },
      },
      'x-kubernetes-action': known.action,
      'x-kubernetes-group-version-kind': { group: gvk.group, kind: gvk.kind, version: gvk.version },
    }
  }
  return found
}

function requestContent(verb: string, body: Json, patches: readonly string[]): Json {
  if (verb !== 'patch') return { '*/*': { schema: body } }
  const schema = reference(`${meta}.Patch`)
  return Object.fromEntries(patches.map((type) => [type, { schema }]))
}

function writeParameters(verb: string): Json[] {
  const names = ['dryRun', 'fieldManager', 'fieldValidation']
  const parameters = names.map((name): Json => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } }))
  if (verb === 'patch') parameters.push({ name: 'force', in: 'query', schema: { type: 'boolean', uniqueItems: true } })
  return parameters
}

function pathParameter(name: string): Json {
  return { name, in: 'path', required: true, schema: { type: 'string', uniqueItems: true } }
}

function reference(name: string | undefined): Json {
  return name === undefined ? { type: 'object' } : { $ref: `${schemaPrefix}${name}` }
}

/** The definitions that the roots lead to, in OpenAPI's own spelling. */
function reachable(roots: readonly string[], definitions: Definitions): Json {
  const found = new Map<string, unknown>()
  const open = [...roots]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const definition = definitions[name]
    if (found.has(name) || !definition) continue
    found.set(name, expand(definition, open))
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Back to OpenAPI: references get their prefix, and stand in allOf where something is beside them. */
function expand(raw: unknown, refs: string[]): unknown {
  if (Array.isArray(raw)) return raw.map((item) => expand(item, refs))
  if (typeof raw !== 'object' || raw === null) return raw
  const out: Json = {}
  for (const [key, value] of Object.entries(raw)) {
    if (key === 'x-presence') continue
    out[key] = key === 'default' || key === 'enum' ? value : expand(value, refs)
  }
  if (typeof out.$ref !== 'string') return out
  refs.push(out.$ref)
  const target = { $ref: `${schemaPrefix}${out.$ref}` }
  delete out.$ref
  return Object.keys(out).length === 0 ? target : { allOf: [target], ...out }
}

function kindsOf(schema: JsonSchema): readonly Gvk[] {
  const kinds = schema['x-kubernetes-group-version-kind']
  return Array.isArray(kinds) ? kinds : []
}
