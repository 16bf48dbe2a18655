import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { textAt } from '../api-answer.ts'
import type { Scenario } from '../scenario.ts'

const testdata = join(import.meta.dirname, '..', 'testdata')

/** Kinds in the files whose plural is not simply an s more, and those without a namespace. */
const plurals: Readonly<Record<string, string>> = {
  Ingress: 'ingresses',
  IngressClass: 'ingressclasses',
  NetworkPolicy: 'networkpolicies',
  PriorityClass: 'priorityclasses',
  StorageClass: 'storageclasses',
  Endpoints: 'endpoints',
}
const clusterKinds = new Set([
  'Namespace',
  'Node',
  'PersistentVolume',
  'StorageClass',
  'PriorityClass',
  'IngressClass',
  'ClusterRole',
  'ClusterRoleBinding',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'CustomResourceDefinition',
])

function collectionOf(object: unknown): string {
  const kind = textAt(object, 'kind')
  const apiVersion = textAt(object, 'apiVersion')
  const plural = plurals[kind] ?? `${kind.toLowerCase()}s`
  if (!clusterKinds.has(kind)) return `${apiVersion}/${plural}`
  return apiVersion.includes('/') ? `/apis/${apiVersion}/${plural}` : `/api/${apiVersion}/${plural}`
}

function documents(folder: string, file: string): readonly unknown[] {
  return parseAllDocuments(readFileSync(join(testdata, folder, file), 'utf8')).map((document): unknown =>
    document.toJS(),
  )
}

const filesOf = (folder: string): readonly string[] => readdirSync(join(testdata, folder)).toSorted()

/** Every object of a file is created as a dry run: what the server adds, or why it refuses. */
const created = ['created', 'refused'].flatMap((folder) =>
  filesOf(folder).map(
    (file): Scenario => ({
      name: `${folder === 'created' ? 'completed as' : 'refused as'} ${file}`,
      play: async (api) => {
        for (const object of documents(folder, file)) await api.post(`${collectionOf(object)}?dryRun=All`, object)
      },
    }),
  ),
)

/** The first object of a file is created; each of the others is a merge patch of it, as a dry run. */
const changed = filesOf('changed').map(
  (file): Scenario => ({
    name: `changed as ${file}`,
    play: async (api) => {
      const [object, ...patches] = documents('changed', file)
      await api.post(collectionOf(object), object)
      for (const patch of patches) {
        await api.patch(`${collectionOf(object)}/${textAt(object, 'metadata', 'name')}?dryRun=All`, 'merge', patch)
      }
      if (clusterKinds.has(textAt(object, 'kind'))) {
        await api.delete(`${collectionOf(object)}/${textAt(object, 'metadata', 'name')}`)
      }
    },
  }),
)

export const manifestScenarios: readonly Scenario[] = [...created, ...changed]
