import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CustomResourceDefinition } from '@millrace/api'
import { startApiServer } from '@millrace/apiserver'
import {
  type Client,
  createAuthority,
  createClient,
  fixedConnection,
  issueCertificate,
  resources,
} from '@millrace/kube'
import { administrator, startKubernetes } from '../kubernetes/start-kubernetes.ts'

/** An API server to try our own kinds on. */
export interface OwnServer {
  readonly client: Client
  close(): Promise<void>
}

export async function startRealServer(): Promise<OwnServer> {
  const kubernetes = await startKubernetes()
  const client = createClient(kubernetes.connection)
  return { client, close: () => client.close().then(() => kubernetes.close()) }
}

export async function startEmbeddedServer(): Promise<OwnServer> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-own-kinds-'))
  const validity = { now: Date.now(), validForMs: 24 * 3600 * 1000 }
  const authority = createAuthority({ commonName: 'own-kinds', ...validity })
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
  const keys = issueCertificate(authority, { commonName: 'apiserver', ...names, usage: 'server', ...validity })
  const token = randomBytes(24).toString('hex')
  const server = await startApiServer({
    dataDir: join(directory, 'state'),
    port: 0,
    tls: { certPem: keys.certificate, keyPem: keys.key },
    tokens: [{ token, ...administrator, groups: [...administrator.groups], uid: administrator.username }],
  })
  const client = createClient(
    fixedConnection({ server: server.url, certificateAuthority: authority.certificate, token }),
  )
  return {
    client,
    close: async () => {
      await client.close()
      await server.close()
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

const servedWithinMs = 20_000

/** Applies a CRD and waits until each of its served versions answers. */
export async function install(client: Client, crd: CustomResourceDefinition): Promise<void> {
  await client.apply(resources.customResourceDefinitions, crd, { fieldManager: 'test', force: true })
  const { group, names, versions } = crd.spec
  for (const { name } of versions.filter(({ served }) => served)) {
    await until(async () => {
      const { body } = await client.request('GET', `/apis/${group}/${name}`)
      return (Object(body).resources ?? []).some((one: { readonly name: string }) => one.name === names.plural)
    })
  }
}

/** Polls until it holds; what is thrown meanwhile counts as no. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + servedWithinMs
  let last: unknown
  for (;;) {
    try {
      if (await holds()) return
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) throw new Error('waited in vain', { cause: last })
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
