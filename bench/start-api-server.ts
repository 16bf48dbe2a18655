import { join } from 'node:path'
import { type Client, createClient, loadConnection } from '@millrace/kube'
import { printed, type Session } from './session.ts'

export interface RunningApiServer {
  readonly pid: number
  readonly dataDir: string
  readonly kubeconfig: string
  /** A client with that many connections for calls. */
  connect(connections: number): Promise<Client>
}

/** The embedded API server alone, in a process of its own. */
export async function startApiServer(session: Session): Promise<RunningApiServer> {
  const dataDir = session.directory()
  const child = session.startFile('packages/cli/src/main.ts', ['apiserver', '--data-dir', dataDir, '--port', '0'])
  await printed(child, /^kubeconfig \S+/m, session.signal)
  const kubeconfig = join(dataDir, 'kubeconfig')
  return {
    pid: child.pid ?? 0,
    dataDir,
    kubeconfig,
    connect: async (connections) => {
      const connection = await loadConnection({ kubeconfig, env: {} })
      return createClient(connection, { connectionsMax: connections })
    },
  }
}
