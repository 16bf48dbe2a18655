import type { WebhookOptions } from '@millrace/controller'
import { type AnswerFacts, createClient, loadConnection } from '@millrace/kube'
import { type Command, Option } from 'commander'
import { usageError } from '../command-error.ts'
import { controllerNamespace } from '../platform/bootstrap.ts'
import { createJsonLog } from '../json-log.ts'
import { createTextLog } from '../text-log.ts'
import type { Terminal } from '../terminal.ts'
import { parsePort, untilAborted } from './apiserver.ts'

interface ControllerOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly metricsAddr: Address | undefined
  readonly healthProbeAddr: Address | undefined
  readonly webhookPort: number
  readonly webhookHost: string
  readonly webhookService?: string
  readonly webhookCertDir?: string
  readonly leaderElect?: boolean
  readonly namespace: string
  readonly watchNamespace?: readonly string[]
  readonly knativeNamespace?: string
  readonly logFormat: 'text' | 'json'
  readonly verbose?: boolean
}

interface Address {
  readonly host: string
  readonly port: number
}

export function defineController(program: Command, terminal: Terminal): void {
  program
    .command('controller')
    .description(
      'Run the controller alone against any API server: in a cluster with its own service account, else by kubeconfig.',
    )
    .option('--kubeconfig <file>', 'which API server (else $KUBECONFIG, else the service account of the pod)')
    .option('--context <name>', 'a context of the kubeconfig')
    .option(
      '--metrics-addr <address>',
      'where /metrics is served, such as *:8080; 0 turns it off',
      parseAddress,
      parseAddress('127.0.0.1:8080'),
    )
    .option(
      '--health-probe-addr <address>',
      'where /healthz and /readyz are served; 0 turns it off',
      parseAddress,
      parseAddress('127.0.0.1:8082'),
    )
    .option('--webhook-port <port>', 'port of the admission webhooks (0: any free one)', parsePort, 9443)
    .option(
      '--webhook-host <host>',
      'address that the webhooks listen on (* for all), and that the API server calls',
      '127.0.0.1',
    )
    .option(
      '--webhook-service <name>',
      'the Service in --namespace through which the API server calls, as installed by deploy/',
    )
    .option('--webhook-cert-dir <dir>', 'folder with tls.crt and tls.key (else certificates of our own)')
    .option('--leader-elect', 'take turns with other controllers through a Lease')
    .option('--namespace <name>', 'namespace of inferenceservice-config and of the Lease', controllerNamespace)
    .option('--watch-namespace <name...>', 'serve these namespaces only')
    .option('--knative-namespace <name>', 'where Knative Serving is installed (else it is looked for)')
    .addOption(
      new Option('--log-format <format>', 'lines for people, or a JSON object in each for collectors')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('-v, --verbose', 'log every decision')
    .addHelpText('after', '\nExample:\n  millrace controller --kubeconfig ~/.kube/config --leader-elect')
    .action((options: ControllerOptions) => runController(options, terminal))
}

function parseAddress(text: string): Address | undefined {
  if (text === '0') return undefined
  const match = /^(.*):(\d+)$/.exec(text)
  if (!match) throw usageError(`${text}: an address such as 127.0.0.1:8080 or :8080 is expected, or 0`)
  return {
    host: match[1] === '' ? '127.0.0.1' : hostOf((match[1] ?? '').replace(/^\[|\]$/g, '')),
    port: parsePort(match[2] ?? ''),
  }
}

/** Node listens on every address of both families where it is given an empty one. */
function hostOf(text: string): string {
  return text === '*' ? '' : text
}

function webhookOf(options: ControllerOptions): WebhookOptions {
  const { webhookHost, webhookPort: port, webhookService, webhookCertDir, namespace } = options
  const host = hostOf(webhookHost)
  const certificate = webhookCertDir === undefined ? {} : { certDir: webhookCertDir }
  if (webhookService !== undefined)
    return { mode: 'service', host, port, service: { namespace, name: webhookService }, ...certificate }
  if (host === '') throw usageError('--webhook-host *: the API server needs an address to call, or --webhook-service')
  return { mode: 'url', host, port, ...certificate }
}

async function runController(options: ControllerOptions, terminal: Terminal): Promise<void> {
  const { startController, startTracing } = await import('@millrace/controller')
  const { kubeconfig, context, watchNamespace, knativeNamespace } = options
  const connection = await loadConnection({
    env: terminal.environment,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  })
  let count: (facts: AnswerFacts) => void = () => {}
  const client = createClient(connection, { onAnswer: (facts) => count(facts) })
  const createLog = options.logFormat === 'json' ? createJsonLog : createTextLog
  const log = createLog(terminal.error, options.verbose === true ? 'debug' : 'info')
  const tracing = await startTracing(terminal.environment, log)
  const controller = await startController({
    client,
    tracing,
    answers: (listener) => (count = listener),
    log,
    controllerNamespace: options.namespace,
    ...(options.metricsAddr ? { metricsAddr: options.metricsAddr } : {}),
    ...(options.healthProbeAddr ? { healthProbeAddr: options.healthProbeAddr } : {}),
    webhook: webhookOf(options),
    leaderElect: options.leaderElect === true,
    ...(watchNamespace === undefined ? {} : { namespaces: watchNamespace }),
    ...(knativeNamespace === undefined ? {} : { knativeNamespace }),
  })
  log.info('controller started', { server: connection.server })
  await untilAborted(terminal.signal)
  await controller.close()
  await tracing?.close()
  await client.close()
}
