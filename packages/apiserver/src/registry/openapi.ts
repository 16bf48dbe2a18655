import { createHash } from 'node:crypto'
import type { Catalog } from '../builtin/catalog.ts'
import type { Gvk } from '../builtin/resource-info.ts'
import { customPatchTypes, pathsOf } from '../builtin/open-api-document.ts'
import type { Answer } from '../http/respond.ts'
import type { ResourceTable } from './resource-table.ts'
import type { ServedResource } from './served-resource.ts'

type Json = Record<string, unknown>

export interface OpenApi {
  /** Answers /openapi/v2, /openapi/v3 and what lies below; undefined for other paths. */
  answer(path: string, query: string): Answer | undefined
}

const root = '/openapi/v3'
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const documentsMax = 4

/** OpenAPI documents of everything served, made when asked for. Built-in ones never change, custom ones with their CRD. */
export function createOpenApi(catalog: Catalog, resources: ResourceTable): OpenApi {
  const texts = new Map<string, string>()

  /** The newest few documents are kept: clients come in bursts. */
  function documentText(path: string, hash: string): string {
    const key = `${path}?${hash}`
    const known = texts.get(key)
    if (known !== undefined) return known
    const text = JSON.stringify(document(catalog, resources, path))
    texts.set(key, text)
    const oldest = texts.keys().next().value
    if (texts.size > documentsMax && oldest !== undefined) texts.delete(oldest)
    return text
  }

  return {
    answer: (path, query) => {
      if (path === root) return { code: 200, body: index(catalog, resources) }
      if (path === '/openapi/v2') return { code: 200, body: documentText('v2', String(resources.generation)) }
      if (!path.startsWith(`${root}/`)) return undefined
      const groupVersion = path.slice(root.length + 1)
      if (!groupVersionPaths(catalog, resources).has(groupVersion)) return undefined
      const hash = hashOf(resources, groupVersion)
      const isPinned = new URLSearchParams(query).get('hash') === hash
      const headers = {
        ETag: `"${hash}"`,
        ...(isPinned ? { 'Cache-Control': 'public, max-age=31536000, immutable' } : {}),
      }
      return { code: 200, body: documentText(groupVersion, hash), headers }
    },
  }
}

function groupVersionPath({ group, version }: Gvk): string {
  return group ? `apis/${group}/${version}` : `api/${version}`
}

function groupVersionPaths(catalog: Catalog, resources: ResourceTable): ReadonlySet<string> {
  return new Set([...catalog.groupVersionPaths, ...resources.all().map(({ gvk }) => groupVersionPath(gvk))])
}

function index(catalog: Catalog, resources: ResourceTable): object {
  const paths = [...groupVersionPaths(catalog, resources)].sort().map((path) => {
    const serverRelativeURL = `${root}/${path}?hash=${hashOf(resources, path)}`
    return [path, { serverRelativeURL }] as const
  })
  return { paths: Object.fromEntries(paths) }
}

function customIn(resources: ResourceTable, path: string): readonly ServedResource[] {
  return resources.all().filter(({ gvk, isCustom }) => isCustom && groupVersionPath(gvk) === path)
}

function hashOf(resources: ResourceTable, path: string): string {
  const parts = customIn(resources, path).map(({ plural, openApi }) => `${plural} ${openApi?.digest ?? ''}`)
  return createHash('sha512').update(`v1.34.2 ${path} ${parts.join()}`).digest('hex').toUpperCase()
}

function document(catalog: Catalog, resources: ResourceTable, path: string): object {
  if (path === 'v2') return swagger(catalog, resources)
  const custom = customIn(resources, path)
  const builtin = (catalog.openApi(path) ?? {}) as { paths?: Json; components?: { schemas?: Json } }
  const names = new Map(custom.flatMap((resource) => definitionNames(resource)))
  const nameOf = ({ group, version, kind }: Gvk): string | undefined => names.get(`${group}/${version}/${kind}`)
  const paths: Json = { ...builtin.paths }
  const schemas: Json = { ...builtin.components?.schemas }
  for (const resource of custom) {
    Object.assign(paths, pathsOf(path, resource, nameOf, customPatchTypes))
    Object.assign(schemas, definitionsOf(resource))
  }
  if (custom.length > 0) Object.assign(schemas, metaDefinitions(catalog))
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.34.2' }, paths, components: { schemas } }
}

/** `com.example.v1.Widget` for group example.com. */
function definitionName({ gvk }: ServedResource, kind: string): string {
  return `${gvk.group.split('.').toReversed().join('.')}.${gvk.version}.${kind}`
}

function definitionNames(resource: ServedResource): [string, string][] {
  const { gvk, listKind } = resource
  const key = (kind: string): string => `${gvk.group}/${gvk.version}/${kind}`
  return [
    [key(gvk.kind), definitionName(resource, gvk.kind)],
    [key(`${gvk.kind}List`), definitionName(resource, listKind)],
  ]
}

function definitionsOf(resource: ServedResource): Json {
  const { gvk, listKind, openApi } = resource
  const schema = (openApi?.schema() ?? { type: 'object' }) as { readonly properties?: Json }
  const typeMeta = { apiVersion: { type: 'string' }, kind: { type: 'string' } }
  const kinds = (kind: string) => ({ 'x-kubernetes-group-version-kind': [{ ...gvk, kind }] })
  const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })
  const name = definitionName(resource, gvk.kind)
  return {
    [name]: {
      ...schema,
      type: 'object',
      properties: { ...schema.properties, ...typeMeta, metadata: { allOf: [reference(`${meta}.ObjectMeta`)] } },
      ...kinds(gvk.kind),
    },
    [definitionName(resource, listKind)]: {
      type: 'object',
      required: ['items'],
      properties: {
        ...typeMeta,
        metadata: { allOf: [reference(`${meta}.ListMeta`)] },
        items: { type: 'array', items: reference(name) },
      },
      ...kinds(listKind),
    },
  }
}

/** The definitions of metadata, which every built-in document holds. */
function metaDefinitions(catalog: Catalog): Json {
  const { components } = catalog.openApi('apis/coordination.k8s.io/v1') as { components: { schemas: Json } }
  return Object.fromEntries(
    Object.entries(components.schemas).filter(([name]) => name.startsWith('io.k8s.apimachinery.')),
  )
}

/** OpenAPI v2 for older clients: the same definitions under other names. */
function swagger(catalog: Catalog, resources: ResourceTable): object {
  const definitions: Json = {}
  for (const path of groupVersionPaths(catalog, resources)) {
    const { components } = document(catalog, resources, path) as { components: { schemas: Json } }
    Object.assign(definitions, components.schemas)
  }
  const text = JSON.stringify(definitions).replaceAll('#/components/schemas/', '#/definitions/')
  const info = { title: 'Kubernetes', version: 'v1.34.2' }
  return { swagger: '2.0', info, paths: {}, definitions: JSON.parse(text) }
}
