import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { randomUUID } from 'node:crypto'

export interface KubeconfigContent {
  /** The name of the cluster, the user and the context. */
  readonly name: string
  readonly server: string
  /** PEM. */
  readonly certificateAuthority?: string
  readonly token?: string
  /** PEM. */
  readonly certificate?: string
  readonly key?: string
  readonly namespace?: string
}

/** Writes a kubeconfig with one context, readable by its owner only, in one step: nobody ever reads half of it. */
export async function writeKubeconfig(path: string, content: KubeconfigContent): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomUUID()}`
  await writeFile(temporary, kubeconfigText(content), { mode: 0o600, flag: 'wx' })
  await rename(temporary, path)
}

/** The file's text: JSON strings are YAML strings, so no YAML writer is needed. */
export function kubeconfigText(content: KubeconfigContent): string {
  const { name, server, certificateAuthority, token, certificate, key, namespace } = content
  const quoted = (text: string) => JSON.stringify(text)
  const base64 = (pem: string) => Buffer.from(pem).toString('base64')
  const lines = [
    'apiVersion: v1',
    'kind: Config',
    `current-context: ${quoted(name)}`,
    'clusters:',
    `  - name: ${quoted(name)}`,
    '    cluster:',
    `      server: ${quoted(server)}`,
    ...(certificateAuthority === undefined
      ? []
      : [`      certificate-authority-data: ${base64(certificateAuthority)}`]),
    'contexts:',
    `  - name: ${quoted(name)}`,
    '    context:',
    `      cluster: ${quoted(name)}`,
    `      user: ${quoted(name)}`,
    ...(namespace === undefined ? [] : [`      namespace: ${quoted(namespace)}`]),
    'users:',
    `  - name: ${quoted(name)}`,
    '    user:',
    ...(token === undefined ? [] : [`      token: ${quoted(token)}`]),
    ...(certificate === undefined ? [] : [`      client-certificate-data: ${base64(certificate)}`]),
    ...(key === undefined ? [] : [`      client-key-data: ${base64(key)}`]),
    ...(token === undefined && certificate === undefined && key === undefined ? ['      {}'] : []),
  ]
  return `${lines.join('\n')}\n`
}
