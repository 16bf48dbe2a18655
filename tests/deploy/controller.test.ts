import assert from 'node:assert/strict'
import test, { after, afterEach, before, describe } from 'node:test'
import { resources as serving } from '@millrace/api'
import { isKubeError, type KubeObject, resources } from '@millrace/kube'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import type { ControllerProcess } from './controller-process.ts'
import { account, type Installation, startInstallation, until } from './installation.ts'

const registrationName = 'millrace.serving.kserve.io'

describe('the controller with what is shipped', { skip: kubernetesSkipReason() }, () => {
  let installation: Installation
  let cluster: Installation['cluster']
  let audit: Installation['audit']
  let running: ControllerProcess | undefined
  before(async () => {
    installation = await startInstallation()
    cluster = installation.cluster
    audit = installation.audit
  })
  afterEach(async () => {
    await running?.close()
    running = undefined
  })
  after(() => installation?.close())

  const start = async (): Promise<ControllerProcess> => {
    running = await installation.start()
    return running
  }
  const create = (namespace: string, name: string, annotations: Readonly<Record<string, string>> = {}) =>
    cluster.client.create(serving.inferenceServices, inferenceService(namespace, name, annotations))
  const deploymentOf = (namespace: string, name: string) =>
    found(cluster.client.get(resources.deployments, { namespace, name: `${name}-predictor` }))

  test('is asked by the API server, which trusts its own certificate; serves; is refused nothing', async () => {
    await installation.install('default')
    const controller = await start()
    const registration = await cluster.client.get(resources.validatingWebhookConfigurations, { name: registrationName })
    const webhooks = registration['webhooks'] as readonly { readonly clientConfig: { readonly caBundle?: string } }[]
    assert.ok(webhooks.length > 1 && webhooks.every(({ clientConfig }) => clientConfig.caBundle))

    await assert.rejects(create('default', 'wrong', wrong), (error) => {
      assert.ok(isKubeError(error))
      assert.match(error.message, /admission webhook "validate\.millrace\.serving\.kserve\.io" denied .*min-scale/)
      return true
    })
    await create('default', 'iris')
    await until(
      async () => (await deploymentOf('default', 'iris')) !== undefined,
      () => controller.log,
    )
    await until(
      async () => {
        const service = await cluster.client.get(serving.inferenceServices, { namespace: 'default', name: 'iris' })
        return Array.isArray(Object(service['status']).conditions)
      },
      () => controller.log,
    )
    assert.match(await controller.metrics(), /controller_runtime_reconcile_total/)
    assert.deepEqual(await audit.refused(account), [])
  })

  test('what is applied over it again keeps its authority', async () => {
    const controller = await start()
    const name = { name: registrationName }
    const before = await cluster.client.get(resources.validatingWebhookConfigurations, name)
    await installation.install('default')
    assert.deepEqual(await cluster.client.get(resources.validatingWebhookConfigurations, name), before)
    // Somebody who replaces it takes the authority out: it is filled in again.
    const webhooks = (before['webhooks'] as readonly { readonly clientConfig: object }[]).map((one) => {
      const { caBundle: _, ...clientConfig } = one.clientConfig as { readonly caBundle?: string }
      return { ...one, clientConfig }
    })
    await cluster.client.replace(resources.validatingWebhookConfigurations, { ...before, webhooks })
    await until(
      async () => {
        const now = await cluster.client.get(resources.validatingWebhookConfigurations, name)
        return JSON.stringify(now['webhooks']) === JSON.stringify(before['webhooks'])
      },
      () => controller.log,
    )
  })

  test('versions in preview are converted by it, with the authority that it fills in', async () => {
    const charts = ['template', 'release', 'deploy/helm/millrace-crds', '--set', 'crds.preview=true']
    await cluster.kubectl(['apply', '-f', '-'], installation.here(await cluster.helm(charts)))
    const controller = await start()
    const v1 = { ...serving.inferenceServices, version: 'v1' }
    await until(
      async () =>
        (await found(cluster.client.get(v1, { namespace: 'default', name: 'iris' })).catch(() => undefined)) !==
        undefined,
      () => controller.log,
    )
    const old = await cluster.client.get(serving.inferenceServices, { namespace: 'default', name: 'iris' })
    const converted = await cluster.client.get(v1, { namespace: 'default', name: 'iris' })
    assert.equal(converted.apiVersion, 'serving.kserve.io/v1')
    assert.equal(Object(converted['spec']).predictor.scaling.minReplicas, 1)
    assert.equal(Object(old['spec']).predictor.minReplicas, 1)
    assert.match(await cluster.kubectl(['get', 'isvc', '-n', 'default']), /iris/)
    assert.deepEqual(await audit.refused(account), [])
    // Off again, before anybody uninstalls the controller.
    await cluster.kubectl(['apply', '-k', 'deploy/crds/full'])
  })
})

/** Nothing that the CRD could see. */
const wrong = { 'serving.kserve.io/deploymentMode': 'Knative', 'autoscaling.knative.dev/min-scale': 'many' }

function inferenceService(namespace: string, name: string, annotations: Readonly<Record<string, string>>): KubeObject {
  const model = { modelFormat: { name: 'sklearn' }, storageUri: 's3://models/iris' }
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { namespace, name, annotations },
    spec: { predictor: { model, minReplicas: 1 } },
  }
}

async function found(reading: Promise<KubeObject>): Promise<KubeObject | undefined> {
  try {
    return await reading
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined
    throw error
  }
}
