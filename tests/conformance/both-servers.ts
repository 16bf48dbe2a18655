import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApiServer } from '@millrace/apiserver'
import {
  createAuthority,
  createClient,
  fixedConnection,
  issueCertificate,
  silentLog,
  systemClock,
  writeKubeconfig,
} from '@millrace/kube'
import { startGarbageCollector } from '@millrace/standalone'
import { administrator, startKubernetes } from '../kubernetes/start-kubernetes.ts'
import { type ApiCaller, createApiCaller } from './api-caller.ts'
import { createKubectl, type Kubectl } from './kubectl.ts'

/** A server under test, and the ways to reach it. */
export interface TestedServer {
  readonly name: 'real' | 'embedded'
  readonly caller: ApiCaller
  readonly kubectl: Kubectl
  close(): Promise<void>
}

/** What the embedded server brings along: namespaces end, owners take what they own with them, accounts are made. */
const controllers = ['namespace-controller', 'garbage-collector-controller', 'serviceaccount-controller']

/** They mark objects for controllers that neither side runs: those that guard claims and that watch nodes. */
const unanswered = ['StorageObjectInUseProtection', 'TaintNodesByCondition']

export async function startReal(): Promise<TestedServer> {
  const kubernetes = await startKubernetes({
    controllerManager: controllers,
    serviceAccountAdmission: true,
    apiserverFlags: [`--disable-admission-plugins=${unanswered.join(',')}`],
  })
  const directory = await mkdtemp(join(tmpdir(), 'millrace-conformance-'))
  const caller = createApiCaller(kubernetes)
  return {
    name: 'real',
    caller,
    kubectl: createKubectl({ ...kubernetes, directory }),
    close: async () => {
      caller.close()
      await kubernetes.close()
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export async function startEmbedded(): Promise<TestedServer> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-conformance-'))
  const validity = { now: Date.now(), validForMs: 24 * 3600 * 1000 }
  const authority = createAuthority({ commonName: 'conformance', ...validity })
  const keys = issueCertificate(authority, {
    commonName: 'millrace-apiserver',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    usage: 'server',
    ...validity,
  })
  const token = randomBytes(24).toString('hex')
  const server = await startApiServer({
    dataDir: join(directory, 'state'),
    port: 0,
    tls: { certPem: keys.certificate, keyPem: keys.key },
    tokens: [{ token, ...administrator, groups: [...administrator.groups], uid: administrator.username }],
  })
  const { url } = server
  const kubeconfig = join(directory, 'kubeconfig')
  const credentials = { server: url, certificateAuthority: authority.certificate, token }
  await writeKubeconfig(kubeconfig, { name: 'embedded', ...credentials, namespace: 'default' })
  const caller = createApiCaller({ url, ca: authority.certificate, token })
  const client = createClient(fixedConnection(credentials))
  const garbage = startGarbageCollector(client, { clock: systemClock, log: silentLog })
  await garbage.synced
  return {
    name: 'embedded',
    caller,
    kubectl: createKubectl({ url, kubeconfig, directory }),
    close: async () => {
      caller.close()
      await garbage.close()
      await client.close()
      await server.close()
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
