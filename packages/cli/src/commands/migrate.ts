import { group, kinds } from '@millrace/api'
import {
  type Client,
  isExpired,
  isKubeError,
  keyOf,
  type KubeList,
  type KubeObject,
  type Resource,
  resources,
} from '@millrace/kube'
import type { Command } from 'commander'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import { createProgress, type Progress } from '../progress.ts'
import type { Terminal } from '../terminal.ts'
import { find } from '../wait.ts'

interface MigrateOptions extends ConnectionOptions {
  readonly dryRun?: boolean
}

interface CustomResourceDefinition extends KubeObject {
  spec: {
    readonly names: { readonly plural: string; readonly kind: string }
    readonly scope: string
    readonly versions: readonly { readonly name: string; readonly served: boolean; readonly storage: boolean }[]
  }
  status?: { readonly storedVersions?: readonly string[] }
}

/** Remembers, on the CRD itself, up to where the objects have been rewritten: anyone can go on from any machine. */
const checkpointAnnotation = 'millrace.dev/storage-migration'
const pageSize = 100
const fieldManager = 'millrace-migrate'

export function defineMigrate(program: Command, terminal: Terminal): void {
  const migrate = program.command('migrate').description('Bring what a cluster has stored to the shape of today.')
  clientOptions(migrate.command('storage'))
    .description(
      "Rewrite our objects in their CRD's storage version, then forget the older ones. No downtime; resumable.",
    )
    .option('--dry-run', 'say what would be done')
    .addHelpText(
      'after',
      '\nObjects are read and written back unchanged, one after another: the API server stores each in the version of today.\nInterrupted, the same command goes on where it was.\n\nExample:\n  millrace migrate storage --dry-run',
    )
    .action((options: MigrateOptions) =>
      withClient(options, terminal, async (client) => {
        const progress = createProgress(terminal, () => performance.now())
        try {
          for (const kind of kinds)
            await migrateKind(client, `${kind.plural}.${group}`, options.dryRun === true, progress, terminal)
        } finally {
          progress.close()
        }
      }),
    )
}

async function migrateKind(
  client: Client,
  name: string,
  isDryRun: boolean,
  progress: Progress,
  terminal: Terminal,
): Promise<void> {
  // The API server's own kind, as its schema has it.
  const definition = (await find(client, resources.customResourceDefinitions, { name })) as
    | CustomResourceDefinition
    | undefined
  if (!definition) return
  const storage = definition.spec.versions.find((version) => version.storage)?.name ?? ''
  const stored = definition.status?.storedVersions ?? []
  const others = stored.filter((version) => version !== storage)
  if (others.length === 0) {
    terminal.out(`${name}: everything is stored as ${storage}\n`)
    return
  }
  if (isDryRun) {
    terminal.out(
      `${name}: objects may still be stored as ${others.join(', ')}; they would be rewritten as ${storage}\n`,
    )
    return
  }
  progress.step(`${name}: rewriting as ${storage}`)
  const { names, scope } = definition.spec
  const resource: Resource = {
    group,
    version: storage,
    plural: names.plural,
    kind: names.kind,
    namespaced: scope === 'Namespaced',
  }
  const checkpoint = definition.metadata.annotations?.[checkpointAnnotation]
  const count = await rewriteAll(client, resource, { crd: name, checkpoint, progress, signal: terminal.signal })
  if (terminal.signal.aborted) {
    progress.fail(`${name}: ${count} objects rewritten as ${storage}; the same command goes on from here`)
    return
  }
  await forgetVersions(client, name, storage)
  progress.done(`${name}: ${count} objects rewritten as ${storage}; ${others.join(', ')} may be removed from the CRD`)
}

interface Rewriting {
  /** Name of the CRD that keeps the checkpoint. */
  readonly crd: string
  /** `<version>:<key>` of the last object that an earlier run rewrote. */
  readonly checkpoint: string | undefined
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** Answers how many objects were rewritten. Lists come in the order of their keys, so a key says what lies behind. */
async function rewriteAll(client: Client, resource: Resource, options: Rewriting): Promise<number> {
  const { crd, checkpoint, progress, signal } = options
  const prefix = `${resource.version}:`
  let last = checkpoint?.startsWith(prefix) ? checkpoint.slice(prefix.length) : ''
  let count = 0
  let next: string | undefined
  do {
    const page = await nextPage(client, resource, next, signal)
    const left = page.items.filter((object) => keyOfObject(object) > last)
    const total = count + left.length + (page.metadata.remainingItemCount ?? 0)
    for (const object of left) {
      if (signal.aborted) break
      await rewrite(client, resource, object)
      last = keyOfObject(object)
      progress.count(++count, total)
    }
    await annotate(client, crd, `${prefix}${last}`)
    next = page.metadata.continue === '' ? undefined : page.metadata.continue
  } while (next !== undefined && !signal.aborted)
  if (!signal.aborted) await annotate(client, crd, null)
  return count
}

/** A list that has been read for too long begins anew: what is done is passed over. */
async function nextPage(
  client: Client,
  resource: Resource,
  next: string | undefined,
  signal: AbortSignal,
): Promise<KubeList<KubeObject>> {
  const list = { limit: pageSize, signal }
  if (next === undefined) return client.list(resource, list)
  try {
    return await client.list(resource, { ...list, continue: next })
  } catch (error) {
    if (isExpired(error)) return client.list(resource, list)
    throw error
  }
}

function keyOfObject({ metadata: { namespace, name = '' } }: KubeObject): string {
  return keyOf(namespace === undefined ? { name } : { namespace, name })
}

/** Writes the object back as it is. Whoever changed or deleted it meanwhile has had it stored anew already. */
async function rewrite(client: Client, resource: Resource, object: KubeObject): Promise<void> {
  try {
    await client.replace(resource, object, { fieldManager })
  } catch (error) {
    if (!isKubeError(error, 'Conflict') && !isKubeError(error, 'NotFound')) throw error
  }
}

async function annotate(client: Client, name: string, value: string | null): Promise<void> {
  const body = { metadata: { annotations: { [checkpointAnnotation]: value } } }
  await client.patch(resources.customResourceDefinitions, { name }, 'merge', body, { fieldManager })
}

async function forgetVersions(client: Client, name: string, storage: string): Promise<void> {
  const body = { status: { storedVersions: [storage] } }
  await client.patch(resources.customResourceDefinitions, { name }, 'merge', body, {
    fieldManager,
    subresource: 'status',
  })
}
