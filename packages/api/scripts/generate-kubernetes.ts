/**
 * Writes src/generated/kubernetes.json (the parts of Kubernetes' own schema that our kinds embed) and
 * src/generated/kubernetes-objects.ts (the same as TypeScript) from Kubernetes' OpenAPI v3.
 *
 *   node packages/api/scripts/generate-kubernetes.ts <directory with api_v1.json, apis_apps_v1.json, …>
 *   node packages/api/scripts/generate-kubernetes.ts http://127.0.0.1:8001        (kubectl proxy of a running API server)
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compactDefinitions, type OpenApiSchema } from './compact-definitions.ts'
import { emitObjectTypes } from './emit-object-types.ts'

/** Group versions to read and the schemas we embed from each. Everything they refer to comes along. */
const embedded: Readonly<Record<string, readonly string[]>> = {
  'api/v1': ['PodSpec', 'PersistentVolumeSpec', 'PersistentVolumeClaimSpec'],
  'apis/apps/v1': ['DeploymentStrategy'],
  'apis/autoscaling/v2': ['HorizontalPodAutoscalerBehavior'],
}

async function readSchemas(source: string, groupVersion: string): Promise<Record<string, OpenApiSchema>> {
  if (!/^https?:/.test(source)) {
    const text = await readFile(join(source, `${groupVersion.replaceAll('/', '_')}.json`), 'utf8')
    return (JSON.parse(text) as { schemas: Record<string, OpenApiSchema> }).schemas
  }
  const response = await fetch(new URL(`/openapi/v3/${groupVersion}`, source), { signal: AbortSignal.timeout(30_000) })
  if (!response.ok) throw new Error(`${source} answered ${response.status} for /openapi/v3/${groupVersion}`)
  return ((await response.json()) as { components: { schemas: Record<string, OpenApiSchema> } }).components.schemas
}

async function generate(source: string): Promise<void> {
  const schemas: Record<string, OpenApiSchema> = {}
  const roots: string[] = []
  for (const [groupVersion, names] of Object.entries(embedded)) {
    const found = await readSchemas(source, groupVersion)
    Object.assign(schemas, found)
    for (const name of names) {
      const full = Object.keys(found).find((key) => key.endsWith(`.${name}`))
      if (!full) throw new Error(`${groupVersion} of ${source} has no schema ${name}`)
      roots.push(full)
    }
  }
  const definitions = compactDefinitions(schemas, roots)
  const folder = join(import.meta.dirname, '../src/generated')
  const lines = Object.entries(definitions).map(([name, schema]) => `${JSON.stringify(name)}:${JSON.stringify(schema)}`)
  await writeFile(join(folder, 'kubernetes.json'), `{\n${lines.join(',\n')}\n}\n`)
  await writeFile(join(folder, 'kubernetes-objects.ts'), emitObjectTypes(definitions))
  console.log(`wrote ${lines.length} definitions`)
}

const source = process.argv[2]
if (source) await generate(source)
else {
  console.error('usage: generate-kubernetes.ts <directory or URL>')
  process.exitCode = 2
}
