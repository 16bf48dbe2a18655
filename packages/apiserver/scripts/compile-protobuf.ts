/**
 * Compiles the field numbers of Kubernetes' protobuf messages into data/protobuf.json: kubectl and client-go's typed
 * clients send built-in objects in that encoding.
 *
 *   node packages/apiserver/scripts/compile-protobuf.ts <directory with api@VERSION, apimachinery@VERSION, …>
 *
 * The directory is Go's module cache of k8s.io. A field reads `<number><name> <type>`: `*` in front of the type means
 * repeated, `%` a map with text keys, `!` an embedded struct whose fields stand in the parent in JSON. Names are those
 * of JSON, taken from data/kubernetes.json where the two differ.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Schemas = Readonly<Record<string, { readonly properties?: Readonly<Record<string, unknown>> }>>

const apiPackages = [
  'admissionregistration/v1',
  'apps/v1',
  'authentication/v1',
  'authorization/v1',
  'autoscaling/v1',
  'autoscaling/v2',
  'batch/v1',
  'coordination/v1',
  'core/v1',
  'discovery/v1',
  'events/v1',
  'networking/v1',
  'policy/v1',
  'rbac/v1',
  'scheduling/v1',
  'storage/v1',
]

const jsonNames: Readonly<Record<string, string>> = {
  ref: '$ref',
  schema: '$schema',
  xKubernetesPreserveUnknownFields: 'x-kubernetes-preserve-unknown-fields',
  xKubernetesEmbeddedResource: 'x-kubernetes-embedded-resource',
  xKubernetesIntOrString: 'x-kubernetes-int-or-string',
  xKubernetesListMapKeys: 'x-kubernetes-list-map-keys',
  xKubernetesListType: 'x-kubernetes-list-type',
  xKubernetesMapType: 'x-kubernetes-map-type',
  xKubernetesValidations: 'x-kubernetes-validations',
}

const scalars = new Set(['string', 'bool', 'int32', 'int64', 'uint32', 'uint64', 'double', 'bytes'])

function protoFiles(root: string): readonly string[] {
  const paths = [
    ...apiPackages.map((name) => `api@*/${name}/generated.proto`),
    'apiextensions-apiserver@*/pkg/apis/apiextensions/v1/generated.proto',
    'apimachinery@*/pkg/apis/meta/v1/generated.proto',
    'apimachinery@*/pkg/runtime/generated.proto',
    'apimachinery@*/pkg/util/intstr/generated.proto',
    'apimachinery@*/pkg/api/resource/generated.proto',
  ]
  return paths.map((path) => {
    const found = globSync(path, { cwd: root }).sort().at(-1)
    if (!found) throw new Error(`${path} is not below ${root}`)
    return join(root, found)
  })
}

/** `k8s.io.api.core.v1` → `core.v1`: what stands in the data. */
function shortName(name: string): string {
  return name.replace(
    /^\.?k8s\.io\.(api\.|apimachinery\.pkg\.(apis\.|api\.|util\.)?|apiextensions_apiserver\.pkg\.apis\.)/,
    '',
  )
}

function definitionName(fullName: string): string {
  return `io.${fullName.replace('apiextensions_apiserver', 'apiextensions-apiserver')}`
}

function compileFile(text: string, schemas: Schemas, out: Record<string, string>): void {
  const packageName = /^package (.+);$/m.exec(text)?.[1] ?? ''
  for (const [, name = '', body = ''] of text.matchAll(/^message (\w+) \{([^]*?)^\}/gm)) {
    const fullName = `${packageName}.${name}`
    const properties = schemas[definitionName(fullName.replace(/^k8s\.io/, 'k8s'))]?.properties
    const fields: string[] = []
    for (const match of body.matchAll(/^ {2}(optional |repeated )?(map<string, (.+)>|\S+) (\w+) = (\d+);$/gm)) {
      const [, label, plainType = '', mapType, field = '', number] = match
      const type = mapType ?? plainType
      const resolved = scalars.has(type) ? type : shortName(type.startsWith('.') ? type : `${packageName}.${type}`)
      const jsonName = jsonNameOf(name, field, Object.keys(properties ?? {}))
      const isKnown = !properties || Object.hasOwn(properties, jsonName)
      const isEmbedded = !isKnown && !scalars.has(type) && !label?.startsWith('repeated') && !mapType
      if (!isKnown && !isEmbedded) console.error(`${fullName}.${field} is not in OpenAPI`)
      const mark = mapType ? '%' : label?.startsWith('repeated') ? '*' : isEmbedded ? '!' : ''
      fields.push(`${number}${jsonName} ${mark}${resolved}`)
    }
    out[shortName(fullName)] = fields.join(',')
  }
}

function jsonNameOf(message: string, field: string, known: readonly string[]): string {
  if (message === 'JSONSchemaProps' && jsonNames[field]) return jsonNames[field]
  if (known.includes(field)) return field
  return known.find((name) => name.toLowerCase() === field.toLowerCase()) ?? field
}

function main(): void {
  const root = process.argv[2]
  if (!root) throw new Error('usage: compile-protobuf.ts <directory of the k8s.io Go modules>')
  const data = new URL('../data/', import.meta.url)
  const { schemas }: { schemas: Schemas } = JSON.parse(readFileSync(new URL('kubernetes.json', data), 'utf8'))
  const messages: Record<string, string> = {}
  for (const path of protoFiles(root)) compileFile(readFileSync(path, 'utf8'), schemas, messages)
  const sorted = Object.fromEntries(Object.entries(messages).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(new URL('protobuf.json', data), `${JSON.stringify(sorted, null, 1)}\n`)
}

main()
