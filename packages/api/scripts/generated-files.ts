import { stringify } from 'yaml'
import { compileCrd } from '../src/crd/crds.ts'
import type { CrdVariant } from '../src/crd/crd-rules.ts'
import { jsonSchema, type KubernetesTypes } from '../src/json-schema/json-schema.ts'
import { group, type KindSource } from '../src/kinds/kind-source.ts'
import { kinds } from '../src/kinds/kinds.ts'

export interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
}

const variants: readonly CrdVariant[] = ['full', 'minimal']
const kubernetesTypes: readonly KubernetesTypes[] = ['included', 'referenced']

const header = '# Generated from packages/api by `npm run update`: change that, not this.\n'

/** Everything under deploy/ that is made from the kinds. */
export function generatedFiles(): GeneratedFile[] {
  return [
    ...variants.flatMap((variant) => kinds.map((source) => crdFile(source, variant))),
    ...kubernetesTypes.flatMap((types) => kinds.flatMap((source) => schemaFiles(source, types))),
  ]
}

function crdFile(source: KindSource, variant: CrdVariant): GeneratedFile {
  const { crd } = compileCrd(source, variant)
  const text = stringify(crd, { lineWidth: 0, aliasDuplicateObjects: false })
  return { path: `deploy/crds/${variant}/${group}_${source.plural}.yaml`, text: `${header}${text}` }
}

function schemaFiles(source: KindSource, types: KubernetesTypes): GeneratedFile[] {
  const folder = types === 'included' ? 'deploy/schema' : 'deploy/schema/referenced'
  return source.versions.map((version) => ({
    path: `${folder}/${source.kind.toLowerCase()}_${version.name}.json`,
    text: `${JSON.stringify(jsonSchema(source, types, version))}\n`,
  }))
}
