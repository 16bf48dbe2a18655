import assert from 'node:assert/strict'
import test, { after, before, describe } from 'node:test'
import { resources as serving } from '@millrace/api'
import { lastGoodName } from '@millrace/controller'
import { resources } from '@millrace/kube'
import { clusterRights, ownRights } from '../../deploy/source/rights.ts'
import type { ControllerProcess } from '../deploy/controller-process.ts'
import { account, type Installation, startInstallation, until } from '../deploy/installation.ts'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { breakConfiguration } from './configuration.ts'
import { giveAuthorities, givenAuthorities, rotateCertificate } from './rare-work.ts'
import { find, inferenceService, inKnativeMode, listed } from './services.ts'
import { becomesSilent } from './silence.ts'
import { unusedRights } from './unused-rights.ts'

const served = 'models'
const own = 'kserve'
describe('with rights in one namespace alone', { skip: kubernetesSkipReason() }, () => {
  let installation: Installation
  let controller: ControllerProcess
  before(async () => {
    installation = await startInstallation({ controllerManager: true })
    await client().create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: served } })
    await installation.install('one-namespace')
    controller = await installation.start()
  })
  after(() => installation?.close())
  const client = () => installation.cluster.client
  const log = () => controller.log

  test('authorities of the company, which lie in the namespace of the controller, reach its services', async () => {
    const service = inferenceService('iris')
    const placed = { ...service, metadata: { ...service.metadata, namespace: served } }
    await client().create(serving.inferenceServices, placed)
    await giveAuthorities(installation.cluster, 'one')
    await until(async () => (await givenAuthorities(installation.cluster, served)) === 'one', log)
    await giveAuthorities(installation.cluster, 'two')
    await until(async () => (await givenAuthorities(installation.cluster, served)) === 'two', log)
    const place = { namespace: served, name: 'iris-predictor' }
    await until(async () => {
      const deployment = await find(client(), resources.deployments, place)
      return JSON.stringify(deployment?.['spec'] ?? {}).includes('global-ca-bundle')
    }, log)
    assert.equal(await givenAuthorities(installation.cluster, 'default'), undefined)
  })

  test('nobody is asked about the services of others, and nothing is made for them', async () => {
    const wrong = inferenceService('unchecked', {}, { ...inKnativeMode, 'autoscaling.knative.dev/min-scale': 'many' })
    const placed = { ...wrong, metadata: { ...wrong.metadata, namespace: served } }
    await assert.rejects(client().create(serving.inferenceServices, placed), /denied .*min-scale/)
    await client().create(serving.inferenceServices, wrong)
    await client().create(serving.inferenceServices, inferenceService('others'))
    await becomesSilent(installation)
    assert.deepEqual(await listed(client(), resources.deployments), [])
  })

  test('a mistake in the configuration is told there, and outlives no restart', async () => {
    const mistakes = () =>
      log()
        .split('\n')
        .filter((line) => line.includes('The configuration has a mistake'))
    for (let time = 0; time < 2; time++) {
      const mend = await breakConfiguration(installation.cluster, 'batcher')
      await until(() => mistakes().length > time, log)
      await mend()
      await becomesSilent(installation)
    }
    assert.ok(await find(client(), resources.configMaps, { namespace: own, name: lastGoodName }))
    const { items } = await client().list(resources.events, { namespace: own })
    assert.ok(items.some((event) => event['reason'] === 'InvalidConfiguration'))
  })

  test('nothing is refused that it does, and each right in its own namespace is needed', async () => {
    const rotated = await rotateCertificate(installation.cluster, 20_000)
    await until(() => log().includes('The certificate of the webhook was renewed'), log)
    assert.notEqual(rotated, '')
    await becomesSilent(installation)
    const { cluster } = installation
    assert.equal(await controller.close(), '0', log())
    await cluster.kubernetes.stopApiServer()
    await cluster.kubernetes.startApiServer(['--feature-gates=WatchList=false'])
    const mark = await installation.audit.mark()
    controller = await installation.start()
    await becomesSilent(installation)
    assert.ok((await installation.audit.calls(account, mark)).length > 0)
    assert.deepEqual(await installation.audit.refused(account), [])
    const calls = await installation.audit.calls(account)
    const there = calls.filter(({ objectRef }) => objectRef?.namespace === own)
    assert.deepEqual(unusedRights(ownRights, there), [])
    const restricted = clusterRights.filter(({ only }) => only === 'watched namespaces')
    assert.deepEqual(unusedRights(restricted, calls), [])
    const elsewhere = calls.filter(({ objectRef }) => ![undefined, own, served].includes(objectRef?.namespace))
    assert.deepEqual(
      elsewhere.map(({ requestURI }) => requestURI),
      [],
    )
  })
})
