import { group, type KindSource, objectSchema, storageVersion, type VersionSource } from '../kinds/kind-source.ts'
import { type JsonSchema, schemaEmitter } from './emit-schema.ts'

/** Where Kubernetes' own types are found: in the file itself, or in the files that the community publishes. */
export type KubernetesTypes = 'included' | 'referenced'

/** The version of Kubernetes whose types are generated here. */
const kubernetesVersion = 'v1.34.2'
export const publishedDefinitions = `https://raw.githubusercontent.com/yannh/kubernetes-json-schema/master/${kubernetesVersion}/_definitions.json`

/** The complete schema of one version of a kind, for editors, in draft 7: the one that their YAML servers know best. */
export function jsonSchema(
  source: KindSource,
  kubernetes: KubernetesTypes,
  version: VersionSource = storageVersion(source),
): JsonSchema {
  const definitions = new Map<string, JsonSchema>()
  const emit = schemaEmitter({
    referenceTo: (name, { origin }) =>
      kubernetes === 'referenced' && origin
        ? `${publishedDefinitions}#/definitions/${origin}`
        : `#/definitions/${name}`,
    define: (name, schema) => definitions.set(name, schema),
    hasNumberFormats: false,
  })
  const { properties, ...top } = emit(objectSchema(source, version)) as { readonly properties: JsonSchema }
  const metadata = emit({ $ref: 'ObjectMeta' })
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: `${source.kind} ${group}/${version.name}`,
    ...top,
    required: ['apiVersion', 'kind', 'metadata', ...version.required],
    properties: {
      ...properties,
      apiVersion: { const: `${group}/${version.name}` },
      kind: { const: source.kind },
      metadata,
    },
    ...(definitions.size > 0 ? { definitions: sorted(definitions) } : {}),
  }
}

function sorted(definitions: ReadonlyMap<string, JsonSchema>): JsonSchema {
  return Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1)))
}
