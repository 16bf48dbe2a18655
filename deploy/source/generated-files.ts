import { group } from '@millrace/api'
import { crdsOf, installGroups } from './crd-objects.ts'
import { helmFiles } from './helm-files.ts'
import { kustomizeFiles } from './kustomize-files.ts'
import { objectFiles, type PlainObject, plainObjects } from './object-files.ts'
import { rightsTable } from './rights-table.ts'
import { defaultValues, type Values } from './values.ts'
import { type TextFile, yamlText } from './yaml-text.ts'

/** Folders that hold nothing but what is generated here. */
export const ownedFolders: readonly string[] = ['deploy/crds', 'deploy/kustomize', 'deploy/helm']

export function generatedFiles(): readonly TextFile[] {
  return [...kustomizeFiles(), ...helmFiles(), ...plainFiles(), { path: 'docs/rights.md', text: rightsTable() }]
}

/**
 * An installation without tools, in two files: kubectl looks every kind of a file up before it makes the first object, so that
 * objects of our own kinds cannot come in one file with their CRDs.
 */
function plainFiles(): readonly TextFile[] {
  const all = everything(defaultValues)
  const isOfOurs = ({ apiVersion }: PlainObject) => String(apiVersion).startsWith(`${group}/`)
  return [
    { path: 'deploy/install.yaml', text: yamlText(all.filter((object) => !isOfOurs(object))) },
    { path: 'deploy/runtimes.yaml', text: yamlText(all.filter(isOfOurs)) },
  ]
}

/** Every object of an installation, in the order in which they are applied. */
export function everything(values: Values): readonly PlainObject[] {
  const [first, ...rest] = objectFiles
  if (!first) throw new Error('the namespace comes first')
  return [first, ...rest].flatMap((file) => [
    ...plainObjects(file, values),
    ...(file === first
      ? installGroups.flatMap((group) => crdsOf(group, values.crds.variant, values)).map(({ crd }) => crd)
      : []),
  ])
}
