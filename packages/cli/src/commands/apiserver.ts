import { once } from 'node:events'
import type { Command } from 'commander'
import { usageError } from '../command-error.ts'
import { defaultDataDirectory } from '../data-directory.ts'
import { createTextLog } from '../text-log.ts'
import type { Terminal } from '../terminal.ts'

export const apiPortDefault = 6443

interface ApiserverOptions {
  readonly dataDir: string
  readonly port: number
  readonly kubeconfigOut?: string
  readonly verbose?: boolean
}

export function defineApiserver(program: Command, terminal: Terminal): void {
  program
    .command('apiserver')
    .description('Run the embedded Kubernetes API server alone, in the foreground.')
    .option(
      '--data-dir <dir>',
      'where objects and keys are kept ($MILLRACE_DATA_DIR)',
      defaultDataDirectory(terminal.environment),
    )
    .option('--port <port>', 'port on 127.0.0.1 (0: any free one)', parsePort, apiPortDefault)
    .option('--kubeconfig-out <file>', 'where to write the kubeconfig (else <data-dir>/kubeconfig)')
    .option('-v, --verbose', 'log every change')
    .addHelpText(
      'after',
      '\nExample:\n  millrace apiserver --data-dir ./state --port 7443 &\n  kubectl --kubeconfig ./state/kubeconfig get namespaces',
    )
    .action(async (options: ApiserverOptions) => {
      const { startEmbeddedApiServer } = await import('../platform/embedded-api-server.ts')
      const { kubeconfigOut } = options
      const embedded = await startEmbeddedApiServer({
        dataDir: options.dataDir,
        port: options.port,
        ...(kubeconfigOut === undefined ? {} : { kubeconfigOut }),
        log: createTextLog(terminal.error, options.verbose === true ? 'debug' : 'info'),
      })
      terminal.out(`API server at ${embedded.server.url}\nkubeconfig ${embedded.kubeconfig}\n`)
      await untilAborted(terminal.signal)
      await embedded.close()
    })
}

export function parsePort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw usageError(`${text} is no port: a number from 0 to 65535 is expected`)
  return port
}

export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
