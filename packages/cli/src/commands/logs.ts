import { type Client, type KubeObject, resources } from '@millrace/kube'
import type { Command } from 'commander'
import { CommandError, usageError } from '../command-error.ts'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import type { Terminal } from '../terminal.ts'

interface LogsOptions extends ConnectionOptions {
  readonly container?: string
  readonly follow?: boolean
  readonly previous?: boolean
  readonly tail?: number
  readonly timestamps?: boolean
}

const serviceLabel = 'serving.kserve.io/inferenceservice'

export function defineLogs(program: Command, terminal: Terminal): void {
  clientOptions(program.command('logs'))
    .description('Print the logs of a pod, or of all pods of an InferenceService.')
    .argument('<name>', 'an InferenceService, or pod/NAME')
    .option('-c, --container <name>', 'one container (else kserve-container, or the only one)')
    .option('-f, --follow', 'keep printing what comes')
    .option('-p, --previous', 'the run before the last restart')
    .option('--tail <lines>', 'only the last lines', parseCount)
    .option('--timestamps', 'each line with its time')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace logs sklearn-iris\n  millrace logs sklearn-iris -c storage-initializer\n  millrace logs pod/sklearn-iris-predictor-abc -f',
    )
    .action((name: string, options: LogsOptions) =>
      withClient(options, terminal, async (client, namespace) => {
        const pods = await findPods(client, namespace, name)
        await Promise.all(pods.map((pod) => printLog(client, pod, options, terminal, pods.length > 1)))
      }),
    )
}

function parseCount(value: string): number {
  const count = Number(value)
  if (!Number.isInteger(count) || count < 0) throw usageError(`--tail ${value}: a whole number is expected`)
  return count
}

async function findPods(client: Client, namespace: string, name: string): Promise<readonly KubeObject[]> {
  const pod = /^(?:pods?|po)\/(.+)$/.exec(name)?.[1]
  if (pod !== undefined) return [await client.get(resources.pods, { namespace, name: pod })]
  const service = name.replace(/^(?:isvc|inferenceservices?)\//, '')
  const { items } = await client.list(resources.pods, { namespace, labelSelector: `${serviceLabel}=${service}` })
  if (items.length === 0) {
    throw new CommandError(
      `InferenceService ${namespace}/${service} has no pods. \`millrace explain ${service} -n ${namespace}\` says why; for a pod write pod/NAME.`,
    )
  }
  return items
}

async function printLog(
  client: Client,
  pod: KubeObject,
  options: LogsOptions,
  terminal: Terminal,
  isOneOfMany: boolean,
): Promise<void> {
  const { namespace = 'default', name = '' } = pod.metadata
  const query = new URLSearchParams({ container: options.container ?? mainContainer(pod) })
  if (options.follow === true) query.set('follow', 'true')
  if (options.previous === true) query.set('previous', 'true')
  if (options.timestamps === true) query.set('timestamps', 'true')
  if (options.tail !== undefined) query.set('tailLines', String(options.tail))
  const { body } = await client.stream(`/api/v1/namespaces/${namespace}/pods/${name}/log?${query}`, {
    signal: terminal.signal,
  })
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) terminal.out(isOneOfMany ? `[${name}] ${line}\n` : `${line}\n`)
  }
  if (rest !== '') terminal.out(isOneOfMany ? `[${name}] ${rest}\n` : rest)
}

/** KServe's name for the server's container, else the annotation that kubectl follows, else the first one. */
function mainContainer(pod: KubeObject): string {
  const spec = pod.spec as { readonly containers?: readonly { readonly name: string }[] } | undefined
  const names = spec?.containers?.map((container) => container.name) ?? []
  const preferred = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container']
  if (preferred !== undefined && names.includes(preferred)) return preferred
  return names.includes('kserve-container') ? 'kserve-container' : (names[0] ?? '')
}
