import { type Client, type Connection, createClient, loadConnection } from '@millrace/kube'
import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { CommandError } from './command-error.ts'
import { dataDirectoryAt, defaultDataDirectory } from './data-directory.ts'
import type { Terminal } from './terminal.ts'

export interface ConnectionOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

/** The options of every command that talks to an API server. */
export function clientOptions(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'which API server (else $KUBECONFIG, else the running `millrace up`)')
    .option('--context <name>', 'a context of the kubeconfig (else its current one)')
    .option('-n, --namespace <name>', 'namespace (else the one of the context, else default)')
}

/** Where commands connect to: the option, then $KUBECONFIG, then the platform that `millrace up` runs. */
export function connectionFor(options: ConnectionOptions, terminal: Terminal): Promise<Connection> {
  const env = terminal.environment
  const context = options.context === undefined ? {} : { context: options.context }
  if (options.kubeconfig !== undefined) return loadConnection({ kubeconfig: options.kubeconfig, env, ...context })
  if (env.KUBECONFIG) return loadConnection({ env, ...context })
  const own = dataDirectoryAt(defaultDataDirectory(env)).kubeconfig
  if (existsSync(own)) return loadConnection({ kubeconfig: own, env, ...context })
  throw new CommandError(
    'No API server to talk to: start one with `millrace up`, or name one with --kubeconfig or $KUBECONFIG.',
  )
}

/** Runs a command's work with a client that is closed afterwards. Calls stop on Ctrl-C. */
export async function withClient<T>(
  options: ConnectionOptions,
  terminal: Terminal,
  work: (client: Client, namespace: string) => Promise<T>,
): Promise<T> {
  const connection = await connectionFor(options, terminal)
  const client = createClient(connection)
  try {
    return await work(client, options.namespace ?? connection.namespace)
  } finally {
    await client.close()
  }
}
