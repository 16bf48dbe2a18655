import { resources as serving } from '@millrace/api'
import { certificateSecretName } from '@millrace/controller'
import { createAuthority, issueCertificate, type KubeObject, resources } from '@millrace/kube'
import type { Cluster } from '../deploy/cluster.ts'
import { configureWith } from './configuration.ts'
import { find, inferenceService } from './services.ts'

/** What makes a controller do the things that it seldom does. Each resolves when the cause is there, not the effect. */

const namespace = 'default'
const modelName = 'extra'
const hastyEdits = 50
const bundleName = 'company-authorities'

/** A server for models of others, which come as TrainedModels. */
export async function serveManyModels({ client }: Cluster): Promise<void> {
  const container = {
    name: 'kserve-container',
    image: 'millrace/model-server',
    resources: { limits: { memory: '1Gi' } },
  }
  const spec = { multiModel: true, supportedModelFormats: [{ name: 'sklearn' }], containers: [container] }
  const runtime = { metadata: { namespace, name: 'for-many' }, spec }
  await client.create(serving.servingRuntimes, typed(serving.servingRuntimes, runtime))
  const model = { modelFormat: { name: 'sklearn' }, runtime: 'for-many' }
  await client.create(serving.inferenceServices, { ...inferenceService('many'), spec: { predictor: { model } } })
}

/** Then it serves one of its own. */
export async function serveOneModel({ client }: Cluster): Promise<void> {
  const model = { modelFormat: { name: 'sklearn' }, runtime: null, storageUri: 'https://models.example/iris.joblib' }
  const body = { spec: { predictor: { model } } }
  await client.patch(serving.inferenceServices, { namespace, name: 'many' }, 'merge', body)
}

/** A graph and a model that KServe's controller once looked after, and their end. */
export async function leaveOthersFinalizers({ client }: Cluster): Promise<void> {
  const finalizers = ['inferenceservice.finalizers', 'trainedmodel.finalizer']
  const nodes = { root: { routerType: 'Sequence', steps: [{ serviceName: 'std' }] } }
  const model = { framework: 'sklearn', storageUri: 'https://models.example/a', memory: '64Mi' }
  const graph = { metadata: { namespace, name: 'flow', finalizers }, spec: { nodes } }
  const trained = { metadata: { namespace, name: modelName, finalizers }, spec: { inferenceService: 'many', model } }
  const service = inferenceService('theirs')
  await client.create(serving.inferenceGraphs, typed(serving.inferenceGraphs, graph))
  await client.create(serving.trainedModels, typed(serving.trainedModels, trained))
  await client.create(serving.inferenceServices, { ...service, metadata: { ...service.metadata, finalizers } })
}

/** Changes faster than its status can be written: the server refuses what was made of an older one. */
export async function editModelInHaste({ client }: Cluster): Promise<void> {
  for (let edit = 0; edit < hastyEdits; edit++) {
    const spec = { inferenceService: edit % 2 === 0 ? 'nobody' : 'many' }
    await client.patch(serving.trainedModels, { namespace, name: modelName }, 'merge', { spec })
  }
}

export async function deleteWhatHasFinalizers({ client }: Cluster): Promise<void> {
  await client.delete(serving.inferenceGraphs, { namespace, name: 'flow' })
  await client.delete(serving.trainedModels, { namespace, name: modelName })
  await client.delete(serving.inferenceServices, { namespace, name: 'theirs' })
}

export async function areFinalizersReleased({ client }: Cluster): Promise<boolean> {
  const left = await Promise.all([
    find(client, serving.inferenceGraphs, { namespace, name: 'flow' }),
    find(client, serving.trainedModels, { namespace, name: modelName }),
    find(client, serving.inferenceServices, { namespace, name: 'theirs' }),
  ])
  return left.every((one) => one === undefined)
}

/** Credentials that a service names, and a pod of it that crashed without a word. */
export async function crashWithCredentials({ client }: Cluster): Promise<void> {
  const metadata = { namespace, name: 'hub' }
  await client.create(resources.secrets, typed(resources.secrets, { metadata, stringData: { HF_TOKEN: 'x' } }))
  const account = { metadata: { namespace, name: 'loader' }, secrets: [{ name: 'hub' }] }
  await client.create(resources.serviceAccounts, typed(resources.serviceAccounts, account))
  await client.create(serving.inferenceServices, inferenceService('crashing', { serviceAccountName: 'loader' }))
  const labels = {
    'serving.kserve.io/inferenceservice': 'crashing',
    component: 'predictor',
    app: 'isvc.crashing-predictor',
  }
  const pod = {
    metadata: { namespace, name: 'crashing-1', labels },
    spec: { containers: [{ name: 'kserve-container', image: 'millrace/model-server' }] },
  }
  await client.create(resources.pods, typed(resources.pods, pod))
  const ended = { exitCode: 1, reason: 'Error', startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:01Z' }
  const container = {
    name: 'kserve-container',
    image: 'millrace/model-server',
    imageID: '',
    ready: false,
    restartCount: 1,
  }
  const waiting = { reason: 'CrashLoopBackOff', message: 'back-off' }
  const containerStatuses = [{ ...container, state: { waiting }, lastState: { terminated: ended } }]
  const status = { phase: 'Running', containerStatuses }
  await client.patch(resources.pods, { namespace, name: 'crashing-1' }, 'merge', { status }, { subresource: 'status' })
}

/** Authorities of a company that all pods shall trust: given, changed, and taken away. */
export async function giveAuthorities(cluster: Cluster, text: string): Promise<void> {
  const object = { metadata: { namespace: 'kserve', name: bundleName }, data: { 'cabundle.crt': text } }
  await cluster.client.apply(resources.configMaps, typed(resources.configMaps, object), { fieldManager: 'admin' })
  await configureWith(cluster, 'storageInitializer', { caBundleConfigMapName: bundleName })
}

export async function givenAuthorities({ client }: Cluster, of = namespace): Promise<string | undefined> {
  const copy = await find(client, resources.configMaps, { namespace: of, name: 'global-ca-bundle' })
  return Object(copy?.['data'])['cabundle.crt']
}

/** Somebody puts another certificate in place of the webhook's; it lasts for so long. Its authority, PEM. */
export async function rotateCertificate({ client }: Cluster, validForMs: number): Promise<string> {
  const validity = { now: Date.now() - 60_000, validForMs: validForMs + 60_000 }
  const authority = createAuthority({ commonName: 'rotated', ...validity })
  const dnsNames = ['svc', 'svc.cluster.local'].map((domain) => `millrace-webhook.kserve.${domain}`)
  const request = { commonName: 'rotated', dnsNames, ipAddresses: [], usage: 'server' as const, ...validity }
  const pair = issueCertificate(authority, request)
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const data = {
    'tls.crt': base64(pair.certificate),
    'tls.key': base64(pair.key),
    'ca.crt': base64(authority.certificate),
  }
  const place = { namespace: 'kserve', name: certificateSecretName }
  await client.patch(resources.secrets, place, 'merge', { data })
  return authority.certificate
}

function typed(
  resource: { readonly group: string; readonly version: string; readonly kind: string },
  object: object,
): KubeObject {
  const { group, version, kind } = resource
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind, ...object } as KubeObject
}
