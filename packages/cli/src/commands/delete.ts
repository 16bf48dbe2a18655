import { type Client, isKubeError } from '@millrace/kube'
import type { Command } from 'commander'
import { usageError } from '../command-error.ts'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import { readManifests } from '../manifest-files.ts'
import { throwProblems } from '../manifest-problems.ts'
import { parseResourceArguments } from '../resource-arguments.ts'
import { resolveTypes, type WantedResource } from '../resource-types.ts'
import type { Terminal } from '../terminal.ts'
import { waitUntilGone } from '../wait.ts'

interface DeleteOptions extends ConnectionOptions {
  readonly filename?: readonly string[]
  readonly ignoreNotFound?: boolean
  readonly wait: boolean
  readonly timeout: number
}

export function defineDelete(program: Command, terminal: Terminal): void {
  clientOptions(program.command('delete'))
    .description('Delete objects by name or by the files that made them, and wait until they are gone.')
    .argument('[type...]', 'TYPE NAME… or TYPE/NAME…')
    .option('-f, --filename <file...>', 'files or folders with the objects (- for standard input)')
    .option('--ignore-not-found', 'an object that is not there is no error')
    .option('--no-wait', 'do not wait until finalizers are through')
    .option('--timeout <seconds>', 'how long to wait', parseSeconds, 120)
    .addHelpText('after', '\nExamples:\n  millrace delete isvc sklearn-iris\n  millrace delete -f examples/')
    .action((args: string[], options: DeleteOptions) =>
      withClient(options, terminal, (client, namespace) => remove(client, namespace, args, options, terminal)),
    )
}

export function parseSeconds(text: string): number {
  const seconds = Number(text.replace(/s$/, ''))
  if (!Number.isFinite(seconds) || seconds < 0) throw usageError(`${text}: a number of seconds is expected`)
  return seconds
}

interface Target extends WantedResource {
  readonly name: string
  readonly namespace: string
}

async function remove(
  client: Client,
  namespace: string,
  args: readonly string[],
  options: DeleteOptions,
  terminal: Terminal,
): Promise<void> {
  const targets = options.filename
    ? await targetsOfFiles(client, namespace, options.filename)
    : await targetsOfArguments(client, namespace, args)
  const deleted: Target[] = []
  for (const target of targets) {
    const place = placeOf(target)
    try {
      await client.delete(target.resource, place, { propagationPolicy: 'Background', signal: terminal.signal })
    } catch (error) {
      if (options.ignoreNotFound !== true || !isKubeError(error, 'NotFound')) throw error
      continue
    }
    deleted.push(target)
    terminal.out(
      `${target.resource.kind.toLowerCase()}${target.resource.group === '' ? '' : `.${target.resource.group}`} "${target.name}" deleted\n`,
    )
  }
  if (!options.wait) return
  for (const target of deleted) {
    await waitUntilGone(client, target.resource, placeOf(target), {
      timeoutMs: options.timeout * 1000,
      signal: terminal.signal,
    })
  }
}

async function targetsOfFiles(client: Client, namespace: string, files: readonly string[]): Promise<readonly Target[]> {
  const { manifests, problems } = readManifests(files)
  throwProblems(problems)
  const found: Target[] = []
  // The other way round: what was applied last depends on what came first.
  for (const { object } of [...manifests].reverse()) {
    const group = object.apiVersion.includes('/') ? (object.apiVersion.split('/', 1)[0] ?? '') : ''
    const [wanted] = await resolveTypes(client, [
      { type: group === '' ? object.kind : `${object.kind}.${group}`, name: object.metadata.name ?? '' },
    ])
    if (wanted)
      found.push({ ...wanted, name: object.metadata.name ?? '', namespace: object.metadata.namespace ?? namespace })
  }
  return found
}

async function targetsOfArguments(
  client: Client,
  namespace: string,
  args: readonly string[],
): Promise<readonly Target[]> {
  const wanted = await resolveTypes(client, parseResourceArguments(args))
  return wanted.map(({ resource, name }) => {
    if (name === undefined) throw usageError(`Name what to delete: millrace delete ${resource.plural} NAME`)
    return { resource, name, namespace }
  })
}

function placeOf({ resource, name, namespace }: Target): { readonly name: string; readonly namespace?: string } {
  return resource.namespaced ? { name, namespace } : { name }
}
