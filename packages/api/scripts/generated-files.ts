import { jsonSchema, type KubernetesTypes } from '../src/json-schema/json-schema.ts'
import type { KindSource } from '../src/kinds/kind-source.ts'
import { kinds } from '../src/kinds/kinds.ts'

export interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
}

const kubernetesTypes: readonly KubernetesTypes[] = ['included', 'referenced']

/** The JSON schemas of the kinds. The CRDs are made by deploy/source, with what makes them part of an installation. */
export function generatedFiles(): GeneratedFile[] {
  return kubernetesTypes.flatMap((types) => kinds.flatMap((source) => schemaFiles(source, types)))
}

function schemaFiles(source: KindSource, types: KubernetesTypes): GeneratedFile[] {
  const folder = types === 'included' ? 'deploy/schema' : 'deploy/schema/referenced'
  return source.versions.map((version) => ({
    path: `${folder}/${source.kind.toLowerCase()}_${version.name}.json`,
    text: `${JSON.stringify(jsonSchema(source, types, version))}\n`,
  }))
}
