import type { Gvk, ResourceInfo } from './resource-info.ts'
import raw from '../../data/kubernetes.json' with { type: 'json' }
import { anySchema, compileSchema, schemaInProgress } from '../schema/compile-schema.ts'
import type { JsonSchema, Schema } from '../schema/schema.ts'
import { openApiDocument } from './open-api-document.ts'

/** The built-in API: resources, and schemas that are compiled when first asked for. */
export interface Catalog {
  readonly resources: readonly ResourceInfo[]
  /** Compiled schema of a kind; undefined where it is not built in. */
  schemaOf(gvk: Gvk): Schema | undefined
  /** Compiled schema of a definition by its full name (`io.k8s.apimachinery.pkg.apis.meta.v1.Status`). */
  definition(name: string): Schema | undefined
  /** Schema of metav1.ObjectMeta, for `compileCrdSchema`. */
  readonly objectMeta: Schema
  /** OpenAPI v3 document of one group version: `api/v1`, `apis/apps/v1`. Undefined: not built in. */
  openApi(groupVersionPath: string): JsonSchema | undefined
  readonly groupVersionPaths: readonly string[]
}

/** data/kubernetes.json as scripts/compile-openapi.ts writes it. */
interface CatalogData {
  readonly groups: readonly { readonly path: string; readonly resources: readonly RawResource[] }[]
  readonly schemas: Readonly<Record<string, JsonSchema>>
}
interface RawResource extends Omit<ResourceInfo, 'gvk' | 'shortNames' | 'categories'>, Gvk {
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

let catalog: Catalog | undefined

/** The built-in API of Kubernetes 1.34. Made at the first call, the same value afterwards. */
export function builtinCatalog(): Catalog {
  catalog ??= makeCatalog(raw as unknown as CatalogData)
  return catalog
}

function makeCatalog(data: CatalogData): Catalog {
  const compiled = new Map<string, Schema>()
  const definition = (name: string): Schema | undefined => {
    const known = compiled.get(name)
    const schema = data.schemas[name]
    if (known || !schema) return known
    const node = schemaInProgress()
    compiled.set(name, node)
    compileSchema(schema, definition, node)
    node.definition = name
    node.typeName = name.slice(name.lastIndexOf('.') + 1)
    node.gvk = kindsOf(schema)[0]
    if (node.typeName === 'Quantity') node.quantity = true
    return node
  }
  const names = new Map<string, string>()
  for (const [name, schema] of Object.entries(data.schemas)) {
    for (const gvk of kindsOf(schema)) names.set(gvkKey(gvk), name)
  }
  const resources = data.groups.flatMap((group) => group.resources.map(resourceInfo))
  return {
    resources,
    schemaOf: (gvk) => definition(names.get(gvkKey(gvk)) ?? ''),
    definition,
    objectMeta: definition('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta') ?? anySchema,
    openApi: (path) => {
      const group = data.groups.find((candidate) => candidate.path === path)
      return group && openApiDocument(path, group.resources.map(resourceInfo), data.schemas)
    },
    groupVersionPaths: data.groups.map((group) => group.path),
  }
}

function resourceInfo(resource: RawResource): ResourceInfo {
  const { group, version, kind, ...rest } = resource
  return { shortNames: [], categories: [], ...rest, gvk: { group, version, kind } }
}

const gvkKey = (gvk: Gvk): string => `${gvk.group}/${gvk.version}/${gvk.kind}`

function kindsOf(schema: JsonSchema): readonly Gvk[] {
  const kinds = schema['x-kubernetes-group-version-kind']
  return Array.isArray(kinds) ? kinds : []
}
