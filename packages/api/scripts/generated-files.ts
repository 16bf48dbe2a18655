import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiReference } from './api-reference.ts'
import { fieldsPage } from './fields-page.ts'
import { type CrdSizeRecord, measureCrds, nextRecord, sizesOf } from '../src/crd/measured-crds.ts'
import { jsonSchema, type KubernetesTypes } from '../src/json-schema/json-schema.ts'
import { openApiDocument } from '../src/json-schema/openapi-document.ts'
import type { KindSource } from '../src/kinds/kind-source.ts'
import { kinds } from '../src/kinds/kinds.ts'

export interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
}

const kubernetesTypes: readonly KubernetesTypes[] = ['included', 'referenced']

const root = join(import.meta.dirname, '../../..')

/** Folders that hold nothing but what is generated here. */
export const ownedFolders: readonly string[] = ['deploy/schema']

/** What is made of the kinds. The CRDs are made by deploy/source, with what makes them part of an installation. */
export function generatedFiles(): GeneratedFile[] {
  return [
    ...kubernetesTypes.flatMap((types) => kinds.flatMap((source) => schemaFiles(source, types))),
    { path: 'deploy/schema/openapi.json', text: `${JSON.stringify(openApiDocument(releaseVersion()))}\n` },
    crdSizeFile(),
    ...pages(),
  ]
}

function pages(): GeneratedFile[] {
  return [
    { path: 'docs/fields-by-mode.md', text: fieldsPage() },
    { path: 'docs/api-reference.md', text: apiReference() },
  ]
}

function releaseVersion(): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }).version
}

/** The sizes of the CRDs. When the version is another one, those that stood there are the last release's. */
function crdSizeFile(): GeneratedFile {
  const path = 'deploy/crd-sizes.json'
  const before = existsSync(join(root, path))
    ? (JSON.parse(readFileSync(join(root, path), 'utf8')) as CrdSizeRecord)
    : undefined
  const record = nextRecord(before, releaseVersion(), sizesOf(measureCrds()))
  return { path, text: `${JSON.stringify(record, undefined, 2)}\n` }
}

function schemaFiles(source: KindSource, types: KubernetesTypes): GeneratedFile[] {
  const folder = types === 'included' ? 'deploy/schema' : 'deploy/schema/referenced'
  return source.versions.map((version) => ({
    path: `${folder}/${source.kind.toLowerCase()}_${version.name}.json`,
    text: `${JSON.stringify(jsonSchema(source, types, version))}\n`,
  }))
}
