import assert from 'node:assert/strict'
import test, { after, before, describe } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { resources as serving } from '@millrace/api'
import { certificateSecretName, configurationName } from '@millrace/controller'
import { type KubeObject, type Resource, resources } from '@millrace/kube'
import { childKinds } from '@millrace/render'
import type { ControllerProcess } from '../deploy/controller-process.ts'
import { account, type Installation, startInstallation, until } from '../deploy/installation.ts'
import { clusterRights, ownRights, serviceRights } from '../../deploy/source/rights.ts'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { breakConfiguration, configureWith } from './configuration.ts'
import { installProduct, type Product, products, removeProduct } from './products.ts'
import {
  byCpu,
  byPodMetric,
  conditionsOf,
  find,
  inferenceService,
  inKnativeMode,
  listed,
  scaledByKeda,
} from './services.ts'
import {
  areFinalizersReleased,
  crashWithCredentials,
  deleteWhatHasFinalizers,
  editModelInHaste,
  giveAuthorities,
  givenAuthorities,
  leaveOthersFinalizers,
  rotateCertificate,
  serveManyModels,
  serveOneModel,
} from './rare-work.ts'
import { becomesSilent } from './silence.ts'
import { unusedRights } from './unused-rights.ts'
import { startWorkloadStandIn, type WorkloadStandIn } from './workload-stand-in.ts'

interface Need {
  readonly product: Product
  readonly service: string
  /** What says that it is missing; absent: the service is whole without it. */
  readonly reason?: string
  /** What is made of it. */
  readonly child: Resource
}

const child = (kind: string, group?: string): Resource => {
  const found = childKinds.find((one) => one.kind === kind && (group === undefined || one.group === group))
  assert.ok(found)
  return found
}

const needs: readonly Need[] = [
  { product: 'gatewayApi', service: 'std', reason: 'GatewayApiNotInstalled', child: child('HTTPRoute') },
  {
    product: 'knative',
    service: 'kn',
    reason: 'KnativeNotInstalled',
    child: child('Service', 'serving.knative.dev'),
  },
  { product: 'istio', service: 'kn', child: child('VirtualService') },
  { product: 'keda', service: 'by-cpu', reason: 'KEDANotInstalled', child: child('ScaledObject') },
  {
    product: 'otel',
    service: 'by-metric',
    reason: 'OpenTelemetryNotInstalled',
    child: child('OpenTelemetryCollector'),
  },
]

interface Registration extends KubeObject {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[]
}

const dayMs = 86_400_000
const previewCharts = ['template', 'release', 'deploy/helm/millrace-crds', '--set', 'crds.preview=true']
const healMsMax = 10_000
const rounds = 2

describe('with rights in the whole cluster, where others install and remove what they like', {
  skip: kubernetesSkipReason(),
}, () => {
  let installation: Installation
  let controller: ControllerProcess
  let standIn: WorkloadStandIn
  let pid = 0
  before(async () => {
    // Deployments are played: a cluster without nodes has none that gets ready.
    installation = await startInstallation({ controllerManager: ['*', '-deployment-controller'] })
    standIn = startWorkloadStandIn(client())
    await installation.install('default')
    controller = await installation.start()
    pid = controller.pid
  })
  after(async () => {
    await standIn?.close()
    await installation?.close()
  })
  const client = () => installation.cluster.client
  const log = () => controller.log
  const reasons = async (service: string) => (await conditionsOf(client(), service)).map(({ reason }) => reason)
  const madeFor = async ({ child: resource, service }: Need): Promise<readonly KubeObject[]> => {
    const items = await listed(client(), resource)
    return items.filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === service))
  }

  test('starts with none of them, and each service that needs one says which', async () => {
    await configureWith(installation.cluster, 'ingress', { enableGatewayApi: true, disableIstioVirtualHost: false })
    const services = [
      inferenceService('std', { minReplicas: 2, maxReplicas: 3 }),
      inferenceService('kn', {}, inKnativeMode),
      inferenceService('by-cpu', byCpu, scaledByKeda),
      inferenceService('by-metric', byPodMetric, scaledByKeda),
    ]
    for (const service of services) await client().create(serving.inferenceServices, service)
    for (const { reason, service } of needs)
      if (reason !== undefined && service !== 'by-metric')
        await until(async () => (await reasons(service)).includes(reason), log)
    await becomesSilent(installation)
  })

  test('each installation heals who waited for it within seconds, each removal is said again, as often as it happens', {
    timeout: 180_000,
  }, async (t) => {
    for (let round = 0; round < rounds; round++) {
      for (const need of needs) {
        const { product, service, reason } = need
        const startedAt = performance.now()
        await installProduct(client(), product)
        if (product === 'knative') await standIn.followKnative(true)
        await until(async () => (await madeFor(need)).length > 0, log, healMsMax)
        if (reason !== undefined) await until(async () => !(await reasons(service)).includes(reason), log, healMsMax)
        t.diagnostic(`${product}: ${Math.round(performance.now() - startedAt)} ms from its CRD to a healed service`)
      }
      await installProduct(client(), 'knativeOperator')
      if (round === rounds - 1) break
      await removeProduct(client(), 'knativeOperator')
      for (const { product, service, reason } of needs.toReversed()) {
        if (product === 'knative') await standIn.followKnative(false)
        await removeProduct(client(), product)
        if (reason !== undefined) await until(async () => (await reasons(service)).includes(reason), log, healMsMax)
      }
    }
    await becomesSilent(installation)
    for (const service of ['std', 'kn', 'by-cpu', 'by-metric'])
      assert.ok(!(await reasons(service)).some((reason) => reason?.endsWith('NotInstalled')), service)
  })

  test('each coming and going is a line in the log, and no more', () => {
    const lines = controller.log.split('\n')
    for (const resource of Object.values(products).flat()) {
      const about = lines.filter(
        (line) =>
          line.includes(`${resource.plural}.${resource.group}`) ||
          line.includes(`kind=${resource.kind}.${resource.group}`),
      )
      assert.ok(about.length >= 1, resource.kind)
      // Of each service for itself: it may try some times to write what is just being removed.
      for (const own of Object.values(Object.groupBy(about, (line) => / name=(\S+)/.exec(line)?.[1] ?? '')))
        assert.ok(own && own.length <= 12, `${resource.kind}:\n${about.join('\n')}`)
    }
    assert.ok(lines.length < 250, `${lines.length} lines`)
  })

  test('drift on any child is repaired, in both modes', { timeout: 120_000 }, async () => {
    const repaired = new Set<string>()
    for (const resource of childKinds) {
      const items = await listed(client(), resource)
      for (const made of items.filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind === 'InferenceService')) {
        await assertRepaired(resource, made)
        repaired.add(resource.kind)
      }
    }
    // Without the Gateway API an Ingress does its work.
    await configureWith(installation.cluster, 'ingress', { enableGatewayApi: false })
    await until(async () => (await listed(client(), resources.ingresses)).length > 0, log)
    for (const made of await listed(client(), resources.ingresses)) await assertRepaired(resources.ingresses, made)
    await configureWith(installation.cluster, 'ingress', { enableGatewayApi: true })
    await until(async () => (await listed(client(), resources.ingresses)).length === 0, log)
    const expected = ['Deployment', 'HTTPRoute', 'HorizontalPodAutoscaler', 'OpenTelemetryCollector']
    const more = ['PodDisruptionBudget', 'ScaledObject', 'Service', 'VirtualService']
    assert.deepEqual([...repaired].toSorted(), [...expected, ...more])
    await becomesSilent(installation)
  })

  test('where nothing changes nothing is written; the process is the one that was started, and ends in order', async () => {
    await becomesSilent(installation, 10_000)
    assert.equal(controller.pid, pid)
    assert.equal(await controller.close(), '0', controller.log)
    assert.deepEqual(await installation.audit.refused(account), [])
  })

  test('without it only pods that it has to finish wait: nobody is asked about others', async () => {
    await client().create(resources.pods, pod('plain', {}))
    await client().create(resources.pods, pod('standard', { 'serving.kserve.io/inferenceservice': 'std' }))
    const revision = { 'serving.kserve.io/inferenceservice': 'kn', 'serving.knative.dev/revision': 'kn-00001' }
    await assert.rejects(
      client().create(resources.pods, pod('waits', revision)),
      /failed calling webhook "complete-pods/,
    )
    for (const name of ['plain', 'standard']) await client().delete(resources.pods, { namespace: 'default', name })
  })

  test('a start with everything in place writes nothing, also where the server does not stream lists', async () => {
    await installation.cluster.kubernetes.stopApiServer()
    await installation.cluster.kubernetes.startApiServer(['--feature-gates=WatchList=false'])
    const mark = await installation.audit.mark()
    controller = await installation.start()
    await becomesSilent(installation)
    const calls = await installation.audit.calls(account, mark)
    const written = calls.filter(({ verb }) => verb === 'patch' || verb === 'delete')
    assert.deepEqual(
      written.map(({ requestURI }) => requestURI),
      [],
    )
    assert.ok(calls.some(({ verb }) => verb === 'list'))
  })

  test('a certificate that is rotated, or runs out, is another one at once: admission goes on', async () => {
    const { cluster } = installation
    const trusted = async (): Promise<string> => {
      const name = { name: configurationName }
      const { webhooks } = (await client().get(resources.validatingWebhookConfigurations, name)) as Registration
      return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString()
    }
    const rotated = await rotateCertificate(cluster, 365 * dayMs)
    await until(async () => (await trusted()) === rotated, log)
    await assertAsked('after the rotation')
    // It ends soon: time for another, and until all replicas have it the last one is trusted too.
    const brief = await rotateCertificate(cluster, 20_000)
    await until(async () => (await trusted()).includes(brief) && (await trusted()) !== brief, log)
    await assertAsked('after the renewal')
    await client().delete(resources.secrets, { namespace: 'kserve', name: certificateSecretName })
    await until(async () => !(await trusted()).includes(brief), log)
    await assertAsked('after the Secret was made anew')
    assert.equal(controller.ended, undefined)
  })

  test('nothing is refused that is done, however seldom, and every right is needed', { timeout: 120_000 }, async () => {
    const { cluster, audit } = installation
    await serveManyModels(cluster)
    await until(async () => (await modelLists()).length > 0, log)
    await leaveOthersFinalizers(cluster)
    await editModelInHaste(cluster)
    await crashWithCredentials(cluster)
    await giveAuthorities(cluster, 'one')
    await until(async () => (await givenAuthorities(cluster)) === 'one', log)
    await giveAuthorities(cluster, 'two')
    await until(async () => (await givenAuthorities(cluster)) === 'two', log)
    for (let time = 0; time < 2; time++) {
      const mend = await breakConfiguration(cluster, 'batcher')
      await until(() => mistakes().length > time, log)
      await mend()
      await until(async () => /config_errors|config.*0/.test(await controller.metrics()), log)
    }
    await cluster.kubectl(['apply', '-f', '-'], installation.here(await cluster.helm(previewCharts)))
    await until(isConversionTrusted, log)
    await serveOneModel(cluster)
    await until(async () => (await modelLists()).length === 0, log)
    await client().delete(resources.deployments, { namespace: 'default', name: 'flow' })
    await until(
      async () => (await find(client(), resources.deployments, { namespace: 'default', name: 'flow' })) !== undefined,
      log,
    )
    await deleteWhatHasFinalizers(cluster)
    await until(() => areFinalizersReleased(cluster), log)
    const stop = { metadata: { annotations: { 'serving.kserve.io/stop': 'true' } } }
    for (const name of ['std', 'kn', 'by-cpu', 'by-metric', 'many'])
      await client().patch(serving.inferenceServices, { namespace: 'default', name }, 'merge', stop)
    await configureWith(cluster, 'storageInitializer', { caBundleConfigMapName: '' })
    await becomesSilent(installation)
    assert.deepEqual(await audit.refused(account), [])
    const granted = [...serviceRights, ...clusterRights, ...ownRights].filter(
      ({ only }) => only !== 'watched namespaces',
    )
    assert.deepEqual(unusedRights(granted, await audit.calls(account)), [])
  })

  const isConversionTrusted = async () => {
    const name = { name: 'inferenceservices.serving.kserve.io' }
    const { conversion } = Object((await client().get(resources.customResourceDefinitions, name))['spec'])
    return conversion?.webhook?.clientConfig?.caBundle !== undefined
  }
  const modelLists = async () =>
    (await listed(client(), resources.configMaps)).filter(({ metadata }) =>
      metadata.name?.startsWith('modelconfig-many'),
    )
  const mistakes = () =>
    log()
      .split('\n')
      .filter((line) => line.includes('The configuration has a mistake'))

  /** The webhook answers: what is wrong is refused with its sentence. */
  async function assertAsked(when: string): Promise<void> {
    const wrong = inferenceService('wrong', {}, { ...inKnativeMode, 'autoscaling.knative.dev/min-scale': 'many' })
    await assert.rejects(client().create(serving.inferenceServices, wrong), /denied .*min-scale/, when)
  }

  /** Deleted, it is made again; changed by somebody, it is as it was. */
  async function assertRepaired(resource: Resource, made: KubeObject): Promise<void> {
    const { namespace = '', name = '', uid } = made.metadata
    const place = { namespace, name }
    await client().delete(resource, place)
    await until(async () => {
      const again = await find(client(), resource, place)
      return again !== undefined && again.metadata.uid !== uid
    }, log)
    const fresh = await client().get(resource, place)
    const change = driftOf(fresh)
    await client().patch(resource, place, 'merge', change)
    await until(
      async () => isDeepStrictEqual((await client().get(resource, place))['spec'], fresh['spec']),
      () => `${resource.kind} ${name} is not as it was: ${log()}`,
    )
  }
})

const pod = (name: string, labels: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name, labels },
  spec: { containers: [{ name: 'main', image: 'millrace/model-server' }] },
})

/** The same ports, leading elsewhere. */
function portsTo(ports: readonly object[], targetPort: number): readonly object[] {
  return ports.map((port) => ({ ...port, targetPort }))
}

/** What somebody with kubectl might do to it; of what others define, nothing is left of what we wrote. */
function driftOf({ kind, apiVersion, spec }: KubeObject): object {
  const changes: Readonly<Record<string, object>> = {
    'Service v1': { ports: portsTo(Object(spec).ports ?? [], 9999) },
    'Ingress networking.k8s.io/v1': { rules: [{ host: 'mine.example.com' }] },
    'Deployment apps/v1': { template: { spec: { containers: [{ name: 'kserve-container', image: 'mine' }] } } },
    'HorizontalPodAutoscaler autoscaling/v2': { minReplicas: 1, maxReplicas: 99 },
    'PodDisruptionBudget policy/v1': { maxUnavailable: 7 },
  }
  const nothing = Object.fromEntries(Object.keys(Object(spec)).map((field) => [field, null]))
  return { spec: changes[`${kind} ${apiVersion}`] ?? nothing }
}
