import { resources as servingResources } from '@millrace/api'
import type { Client, KubeObject } from '@millrace/kube'
import { type Command, Option } from 'commander'
import { readFileSync } from 'node:fs'
import { askModel, type PredictProtocol, protocolOf } from '../ask-model.ts'
import { CommandError, usageError } from '../command-error.ts'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import { gatewayUrl } from '../gateway-address.ts'
import { formatValue, type OutputFormat, parseOutputFormat } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { parseSeconds } from './delete.ts'

interface PredictOptions extends ConnectionOptions {
  readonly data: string
  readonly protocol?: PredictProtocol
  readonly gateway?: string
  readonly model?: string
  readonly timeout: number
  readonly output: OutputFormat
}

export function definePredict(program: Command, terminal: Terminal): void {
  clientOptions(program.command('predict'))
    .description('Send a request body to an InferenceService and print its answer.')
    .argument('<name>', 'the InferenceService')
    .requiredOption('-d, --data <json>', 'the request body, or @FILE, or @- for standard input')
    .addOption(new Option('--protocol <protocol>', 'v1 or v2 (else told from the body)').choices(['v1', 'v2']))
    .option('--model <name>', "the model's name inside the service (else the service's)")
    .option('--gateway <url>', 'where to connect (else the gateway of `millrace up`, else the service URL)')
    .option('--timeout <seconds>', 'how long to wait for the answer', parseSeconds, 60)
    .option('-o, --output <format>', 'json or yaml', parseOutputFormat, 'json')
    .addHelpText(
      'after',
      `\nExamples:\n  millrace predict sklearn-iris -d @examples/sklearn-iris-input.json\n  millrace predict xgboost-iris -d '{"instances":[[6.8,2.8,4.8,1.4]]}'`,
    )
    .action((name: string, options: PredictOptions) =>
      withClient(options, terminal, (client, namespace) => predict(client, { name, namespace }, options, terminal)),
    )
}

async function predict(
  client: Client,
  place: { readonly name: string; readonly namespace: string },
  options: PredictOptions,
  terminal: Terminal,
): Promise<void> {
  const service = await client.get(servingResources.inferenceServices, place)
  const url = serviceUrl(service)
  if (!url) {
    throw new CommandError(
      `InferenceService ${place.namespace}/${place.name} has no URL yet. \`millrace explain ${place.name} -n ${place.namespace}\` says why.`,
    )
  }
  const { text, value } = readBody(options.data)
  const gateway = options.gateway ?? (await gatewayUrl(client))
  const answer = await askModel({
    url,
    ...(gateway === undefined ? {} : { gateway: gateway.replace(/\/$/, '') }),
    model: options.model ?? place.name,
    protocol: options.protocol ?? protocolOf(value),
    body: text,
    signal: terminal.signal,
    timeoutMs: options.timeout * 1000,
  })
  if (answer.status >= 400) throw new CommandError(`HTTP ${answer.status}: ${answer.text.trim()}`)
  terminal.out(formatAnswer(answer.text, options.output))
}

export function serviceUrl(service: KubeObject): URL | undefined {
  const status = service.status
  const url = typeof status === 'object' && status !== null && 'url' in status ? status.url : undefined
  return typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
}

/** The body's text, and its value: what is not JSON is refused here, with the place. */
export function readBody(data: string): { readonly text: string; readonly value: unknown } {
  const source = data.startsWith('@') ? data.slice(1) : undefined
  let text = data
  if (source !== undefined) {
    try {
      text = readFileSync(source === '-' ? 0 : source, 'utf8')
    } catch (cause) {
      throw new CommandError(`-d ${data}: ${cause instanceof Error ? cause.message : String(cause)}`)
    }
  }
  try {
    return { text, value: JSON.parse(text) }
  } catch (cause) {
    const hint = source === undefined ? ' (to send a file, write @FILE)' : ''
    throw usageError(
      `-d ${source === undefined ? 'body' : data} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}${hint}`,
    )
  }
}

function formatAnswer(text: string, format: OutputFormat): string {
  try {
    return formatValue(JSON.parse(text), format === 'yaml' ? 'yaml' : 'json')
  } catch {
    return `${text.trimEnd()}\n`
  }
}
