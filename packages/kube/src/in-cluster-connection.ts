import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from './clock.ts'
import type { Connection } from './connection.ts'
import { createFileReader } from './file-reader.ts'

/** Where the kubelet mounts a pod's service account. */
const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The connection of the pod we run in; undefined outside of one. The token is read again as the kubelet rotates it. */
export async function inClusterConnection(
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  directory = serviceAccountDirectory,
): Promise<Connection | undefined> {
  const host = env['KUBERNETES_SERVICE_HOST']
  const port = env['KUBERNETES_SERVICE_PORT']
  if (!host || !port) return undefined
  const token = createFileReader(join(directory, 'token'), clock)
  const [authority, namespace, hasToken] = await Promise.all([
    readFile(join(directory, 'ca.crt'), 'utf8').catch(() => undefined),
    readFile(join(directory, 'namespace'), 'utf8').catch(() => 'default'),
    token.read().then(
      () => true,
      () => false,
    ),
  ])
  if (!hasToken) return undefined
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: namespace.trim() || 'default',
    source: 'the service account of this pod',
    ...(authority !== undefined && { certificateAuthority: authority }),
    credentials: async () => ({ authorization: `Bearer ${(await token.read()).trim()}` }),
    forgetCredentials: () => token.forget(),
  }
}
