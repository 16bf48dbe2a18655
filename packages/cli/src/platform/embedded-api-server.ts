import { join } from 'node:path'
import { type ApiServer, startApiServer } from '@millrace/apiserver'
import { type Connection, fixedConnection, type Log, writeKubeconfig } from '@millrace/kube'
import { keepToken, prepareDataDirectory } from '../data-directory.ts'
import { keepServingKeys } from './serving-keys.ts'

export interface EmbeddedOptions {
  readonly dataDir: string
  readonly port: number
  /** Absent: `<data-dir>/kubeconfig`. */
  readonly kubeconfigOut?: string
  readonly log: Log
}

export interface EmbeddedApiServer {
  readonly server: ApiServer
  readonly connection: Connection
  readonly kubeconfig: string
  /** Proves to the pod runner that the API server asks for a log. */
  readonly kubeletToken: string
  close(): Promise<void>
}

const address = '127.0.0.1'
/** What sockaddr_un holds on macOS, four bytes less than on Linux. With a longer path TLS serves for everybody. */
const socketPathBytesMax = 103

/** The API server on loopback with its keys, its one user and that user's kubeconfig (0600). */
export async function startEmbeddedApiServer(options: EmbeddedOptions): Promise<EmbeddedApiServer> {
  const directory = prepareDataDirectory(options.dataDir)
  const keys = keepServingKeys(directory, address, Date.now())
  const token = keepToken(directory, 'admin-token')
  const kubeletToken = keepToken(directory, 'kubelet-token')
  const socketPath = join(directory.path, 'api.sock')
  const socket = Buffer.byteLength(socketPath) <= socketPathBytesMax ? { socketPath } : {}
  const server = await startApiServer({
    dataDir: directory.apiserver,
    host: address,
    port: options.port,
    tls: { certPem: keys.server.certificate, keyPem: keys.server.key },
    ...socket,
    tokens: [
      { token, username: 'millrace-admin', groups: ['system:masters', 'system:authenticated'], uid: 'millrace-admin' },
    ],
    kubelet: { token: kubeletToken, scheme: 'http' },
    log: options.log,
  })
  const kubeconfig = options.kubeconfigOut ?? directory.kubeconfig
  await writeKubeconfig(kubeconfig, {
    name: 'millrace',
    server: server.url,
    certificateAuthority: keys.authority,
    token,
    namespace: 'default',
  })
  const connection = fixedConnection({
    server: server.url,
    certificateAuthority: keys.authority,
    token,
    source: kubeconfig,
    ...socket,
  })
  return { server, connection, kubeconfig, kubeletToken, close: () => server.close() }
}
