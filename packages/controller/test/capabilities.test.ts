import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { resources as serving, shippedConfig } from '@millrace/api'
import { KubeError, type KubeObject, type Resource, resources } from '@millrace/kube'
import { childKinds } from '@millrace/render'
import { createServingCluster, knativeService, type MemoryCluster } from './memory-cluster.ts'
import { condition, makeDeploymentsReady, runController, service, statusOf } from './run-controller.ts'

const modeKey = 'serving.kserve.io/deploymentMode'
const configName = { namespace: 'kserve', name: 'inferenceservice-config' }

function childKind(kind: string): Resource {
  const found = childKinds.find((one) => one.kind === kind)
  assert.ok(found)
  return found
}

function withIngress(settings: object): Record<string, string> {
  return { ...shippedConfig, ingress: JSON.stringify({ ...JSON.parse(shippedConfig['ingress'] ?? ''), ...settings }) }
}

async function start(t: TestContext, cluster = createServingCluster(), client = cluster.client) {
  const running = await runController(cluster, {}, client)
  t.after(() => running.close())
  return { cluster, ...running }
}

const kedaClass = { 'serving.kserve.io/autoscalerClass': 'keda' }
const cpu = {
  autoScaling: { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }] },
}
const podMetric = {
  autoScaling: {
    metrics: [
      {
        type: 'PodMetric',
        podmetric: {
          metric: { backend: 'opentelemetry', metricNames: ['requests'], query: 'requests' },
          target: { type: 'Value', value: '4' },
        },
      },
    ],
  },
}

interface Need {
  readonly missing: string
  /** Conditions that name it. */
  readonly conditions: readonly [string, ...string[]]
  readonly title: RegExp
  readonly installed: readonly Resource[]
  readonly service: KubeObject
  readonly ingress?: object
}

const needs: readonly Need[] = [
  {
    missing: 'KnativeNotInstalled',
    conditions: ['PredictorReady', 'Ready'],
    title: /Knative Serving is not installed/,
    installed: [knativeService],
    service: service('a', {}, { [modeKey]: 'Knative' }),
  },
  {
    missing: 'KEDANotInstalled',
    conditions: ['AutoscalerReady'],
    title: /KEDA, which is not installed/,
    installed: [childKind('ScaledObject')],
    service: service('a', cpu, kedaClass),
  },
  {
    missing: 'OpenTelemetryNotInstalled',
    conditions: ['AutoscalerReady'],
    title: /OpenTelemetry operator, which is not installed/,
    installed: [childKind('ScaledObject'), childKind('OpenTelemetryCollector')],
    service: service('a', podMetric, kedaClass),
  },
  {
    missing: 'GatewayApiNotInstalled',
    conditions: ['IngressReady', 'Ready'],
    title: /Gateway API is not installed/,
    installed: [childKind('HTTPRoute')],
    service: service('a'),
    ingress: { enableGatewayApi: true },
  },
]

for (const need of needs) {
  test(`${need.missing}: one condition names it, and it heals within seconds, as often as it comes and goes`, async (t) => {
    const { cluster, settle } = await start(t)
    if (need.ingress) cluster.put(resources.configMaps, { metadata: configName, data: withIngress(need.ingress) })
    const [last, ...others] = need.installed.toReversed()
    assert.ok(last)
    for (const other of others) cluster.install(other)
    await settle(5_000)
    cluster.put(serving.inferenceServices, need.service)
    await settle()
    const told = () => {
      const conditions = Object(statusOf(cluster, 'a')?.['status']).conditions as readonly {
        reason?: string
        type: string
      }[]
      return conditions.filter(({ reason }) => reason === need.missing).map(({ type }) => type)
    }
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(told(), need.conditions)
      assert.match(condition(statusOf(cluster, 'a'), need.conditions[0])?.message ?? '', need.title)
      cluster.install(last)
      await settle(3_000)
      assert.deepEqual(told(), [], 'healed')
      makeDeploymentsReady(cluster)
      await settle(3_000)
      assert.ok(cluster.all(last).length > 0, `${last.kind} is made`)
      cluster.uninstall(last)
      await settle(3_000)
    }
  })
}

test('without the Gateway API a service serves inside the cluster, and says that the way in is missing', async (t) => {
  const { cluster, settle } = await start(t)
  cluster.put(serving.inferenceServices, service('a'))
  await settle()
  makeDeploymentsReady(cluster)
  await settle()
  const before = statusOf(cluster, 'a')?.['status']
  assert.equal(condition(statusOf(cluster, 'a'), 'Ready')?.status, 'True')
  cluster.put(resources.configMaps, { metadata: configName, data: withIngress({ enableGatewayApi: true }) })
  await settle()
  assert.ok(cluster.get(resources.ingresses, 'default', 'a'), 'an Ingress leads in until there is a route')
  cluster.put(serving.inferenceServices, service('b', { minReplicas: 2, maxReplicas: 4 }))
  await settle()
  makeDeploymentsReady(cluster)
  await settle()
  for (const resource of [resources.deployments, resources.services, resources.horizontalPodAutoscalers])
    assert.ok(cluster.get(resource, 'default', 'b-predictor'), resource.kind)
  const waiting = statusOf(cluster, 'b')
  assert.equal(condition(waiting, 'PredictorReady')?.status, 'True')
  assert.equal(condition(waiting, 'Ready')?.reason, 'GatewayApiNotInstalled')
  assert.equal(Object(waiting?.['status']).address.url, 'http://b-predictor.default.svc.cluster.local')
  assert.equal(Object(waiting?.['status']).url, undefined)
  cluster.install(childKind('HTTPRoute'))
  await settle(3_000)
  assert.equal(cluster.get(resources.ingresses, 'default', 'a'), undefined, 'the routes take over')
  for (const route of cluster.all(childKind('HTTPRoute')))
    cluster.put(childKind('HTTPRoute'), {
      ...route,
      status: { parents: [{ conditions: [{ type: 'Accepted', status: 'True' }] }] },
    })
  await settle(3_000)
  assert.equal(condition(statusOf(cluster, 'b'), 'Ready')?.status, 'True')
  assert.equal(Object(statusOf(cluster, 'b')?.['status']).url, 'http://b-default.example.com')
  assert.equal(Object(statusOf(cluster, 'a')?.['status']).url, Object(before).url)
})

test('without Istio a service in Knative mode is made, and a warning says what it lacks', async (t) => {
  const { cluster, settle } = await start(t)
  cluster.install(knativeService)
  cluster.put(resources.configMaps, { metadata: configName, data: withIngress({ disableIstioVirtualHost: false }) })
  await settle()
  cluster.put(serving.inferenceServices, service('a', {}, { [modeKey]: 'Knative' }))
  await settle()
  const told = () => cluster.all(resources.events).map((event) => event['reason'])
  assert.equal(cluster.all(knativeService).length, 1)
  assert.ok(told().includes('IstioNotInstalled'))
  cluster.put(resources.configMaps, { metadata: configName, data: withIngress({ disableIstioVirtualHost: true }) })
  await settle()
  cluster.put(serving.inferenceServices, service('b', {}, { [modeKey]: 'Knative' }))
  await settle()
  assert.equal(told().filter((reason) => reason === 'IstioNotInstalled').length, 1)
})

test('what nobody scales serves, and is Ready', async (t) => {
  const { cluster, settle } = await start(t)
  cluster.put(serving.inferenceServices, service('a', podMetric, kedaClass))
  await settle()
  makeDeploymentsReady(cluster)
  await settle()
  const status = statusOf(cluster, 'a')
  assert.equal(condition(status, 'Ready')?.status, 'True')
  const { reason, message } = condition(status, 'AutoscalerReady') ?? {}
  assert.equal(reason, 'KEDANotInstalled')
  assert.match(message ?? '', /KEDA, which is not installed.*OpenTelemetry operator, which is not installed/)
})

test('one autoscaler goes before another comes', async (t) => {
  const cluster = createServingCluster()
  cluster.install(childKind('ScaledObject'))
  /** As KEDA's webhook does. */
  const refuseSecondScaler = (kind: string) => {
    if (kind !== 'ScaledObject' || cluster.all(resources.horizontalPodAutoscalers).length === 0) return
    throw new KubeError({ code: 'Forbidden', httpStatus: 403, message: 'the workload is already managed by the hpa' })
  }
  const { settle } = await start(t, cluster, {
    ...cluster.client,
    apply: async (resource, object, options) => {
      refuseSecondScaler(resource.kind)
      return cluster.client.apply(resource, object, options)
    },
  })
  const scalers = () =>
    [resources.horizontalPodAutoscalers, childKind('ScaledObject')].map((kind) => cluster.all(kind).length)
  cluster.put(serving.inferenceServices, service('a', cpu))
  await settle()
  assert.deepEqual(scalers(), [1, 0])
  cluster.put(serving.inferenceServices, service('a', cpu, kedaClass))
  await settle()
  assert.deepEqual(scalers(), [0, 1])
  cluster.put(serving.inferenceServices, service('a', cpu))
  await settle()
  assert.deepEqual(scalers(), [1, 0])
})

test('what is missing as far as is known keeps its objects', async (t) => {
  const cluster = createServingCluster()
  const scaledObject = childKind('ScaledObject')
  cluster.install(scaledObject)
  const namespaces = ['default', 'other']
  const first = await runController(cluster, { namespaces })
  cluster.put(serving.inferenceServices, service('a', cpu, kedaClass))
  await first.settle()
  await first.close()
  const [made] = cluster.all(scaledObject)
  assert.ok(made)
  const fail = (resource: Resource, namespace: string | undefined) => {
    if (resource.kind !== scaledObject.kind || namespace !== 'other') return
    throw new KubeError({ code: 'ServerError', httpStatus: 500, message: 'this namespace is out of order' })
  }
  const client = {
    ...cluster.client,
    list: (async (resource, options) => {
      fail(resource, options?.namespace)
      return cluster.client.list(resource, options)
    }) as typeof cluster.client.list,
    watch: ((resource, options) => {
      fail(resource, options?.namespace)
      return cluster.client.watch(resource, options)
    }) as typeof cluster.client.watch,
  }
  const second = await runController(cluster, { namespaces }, client)
  t.after(() => second.close())
  await second.settle(60_000)
  assert.equal(condition(statusOf(cluster, 'a'), 'AutoscalerReady')?.reason, 'KEDANotInstalled')
  assert.deepEqual(cluster.all(scaledObject), [made])
})

test('modes mix, whatever the default one is', async (t) => {
  const { cluster, settle } = await start(t)
  cluster.install(knativeService)
  for (const defaultDeploymentMode of ['Knative', 'Standard']) {
    const data = { ...shippedConfig, deploy: JSON.stringify({ defaultDeploymentMode }) }
    cluster.put(resources.configMaps, { metadata: configName, data })
    await settle()
    for (const mode of ['Knative', 'Standard'])
      cluster.put(
        serving.inferenceServices,
        service(`${mode}-in-${defaultDeploymentMode}`.toLowerCase(), {}, { [modeKey]: mode }),
      )
    await settle()
  }
  const names = (resource: Resource) => cluster.all(resource).map(({ metadata }) => metadata.name)
  assert.deepEqual(names(knativeService), ['knative-in-knative-predictor', 'knative-in-standard-predictor'])
  assert.deepEqual(names(resources.deployments), ['standard-in-knative-predictor', 'standard-in-standard-predictor'])
})

test('a kind that cannot be followed is told with its cause, is tried again by itself, and stops nothing', async (t) => {
  const cluster = createServingCluster()
  const scaledObject = childKind('ScaledObject')
  let isBroken = true
  let attempts = 0
  const fail = (resource: Resource) => {
    if (resource.kind !== scaledObject.kind || !isBroken) return
    attempts += 1
    throw new KubeError({ code: 'ServerError', httpStatus: 500, message: 'conversion webhook for keda.sh failed' })
  }
  const client = {
    ...cluster.client,
    list: (async (resource, options) => {
      fail(resource)
      return cluster.client.list(resource, options)
    }) as typeof cluster.client.list,
    watch: ((resource, options) => {
      fail(resource)
      return cluster.client.watch(resource, options)
    }) as typeof cluster.client.watch,
  }
  const { settle, lines } = await start(t, cluster, client)
  cluster.install(scaledObject, childKind('HTTPRoute'))
  cluster.put(serving.inferenceServices, service('a', cpu, kedaClass))
  cluster.put(serving.inferenceServices, service('plain'))
  await settle(60_000)
  const about = lines.filter((line) => line.includes('scaledobjects'))
  assert.equal(about.length, 1, 'once, not at every attempt')
  assert.match(about[0] ?? '', /^warn Not following a resource .*conversion webhook for keda\.sh failed/)
  assert.ok(attempts > 3 && attempts < 60, `${attempts} attempts in a minute`)
  assert.ok(
    lines.some((line) => line.includes('Following a kind {"kind":"HTTPRoute')),
    'others are followed',
  )
  assert.ok(cluster.get(resources.deployments, 'default', 'plain-predictor'))
  assert.equal(condition(statusOf(cluster, 'a'), 'AutoscalerReady')?.reason, 'KEDANotInstalled')
  isBroken = false
  await settle(60_000)
  assert.ok(lines.some((line) => line.includes('Following a resource again') && line.includes('scaledobjects')))
  assert.equal(cluster.all(scaledObject).length, 1)
})

test('what is only reported comes and goes in the log too, and is not watched', async (t) => {
  const { cluster, settle, lines } = await start(t)
  const before = cluster.openWatches
  const vpa: Resource = {
    group: 'autoscaling.k8s.io',
    version: 'v1',
    plural: 'verticalpodautoscalers',
    kind: 'VerticalPodAutoscaler',
    namespaced: true,
  }
  cluster.install(vpa)
  await settle(3_000)
  cluster.uninstall(vpa)
  await settle(3_000)
  assert.deepEqual(
    lines.filter((line) => line.includes('Vertical')).map((line) => line.split(' {')[0]),
    ['info The cluster has it now', 'info The cluster has it no longer'],
  )
  assert.equal(cluster.openWatches, before)
})

/** Plays the other controllers: whatever is there gets ready. */
function makeAllReady(cluster: MemoryCluster): void {
  makeDeploymentsReady(cluster)
  for (const one of cluster.all(knativeService)) {
    const conditions = ['Ready', 'ConfigurationsReady', 'RoutesReady'].map((type) => ({ type, status: 'True' }))
    const { generation: observedGeneration } = one.metadata
    const revisions = { latestCreatedRevisionName: 'r-1', latestReadyRevisionName: 'r-1' }
    const status = { observedGeneration, conditions, url: 'http://kn-predictor.default.example.com', ...revisions }
    cluster.put(knativeService, { ...one, status })
  }
}

test('drift on any child is repaired, in both modes', async (t) => {
  const cluster = createServingCluster()
  cluster.install(...childKinds.filter(({ needs: piece }) => piece !== undefined))
  const data = withIngress({ enableGatewayApi: true, disableIstioVirtualHost: false })
  cluster.put(resources.configMaps, { metadata: configName, data })
  const running = await start(t, cluster)
  cluster.put(serving.inferenceServices, service('std', { minReplicas: 2, maxReplicas: 3 }))
  cluster.put(serving.inferenceServices, service('metric', podMetric, kedaClass))
  cluster.put(serving.inferenceServices, service('kn', {}, { [modeKey]: 'Knative' }))
  const settle = async () => {
    for (let round = 0; round < 2; round++) {
      await running.settle()
      makeAllReady(cluster)
    }
    await running.settle()
  }
  await settle()
  const repaired = new Set<string>()
  for (const resource of childKinds) {
    for (const child of cluster.all(resource).filter(({ metadata }) => metadata.ownerReferences)) {
      const { namespace, name = '' } = child.metadata
      cluster.remove(resource, namespace, name)
      await settle()
      const again = cluster.get(resource, namespace, name)
      assert.ok(again, `${resource.kind} ${name} is made again`)
      assert.deepEqual(again['spec'], child['spec'])
      cluster.put(resource, {
        ...child,
        metadata: { ...again.metadata, labels: { mine: 'yes' } },
        spec: { mine: 'yes' },
      })
      await settle()
      assert.deepEqual(cluster.get(resource, namespace, name)?.['spec'], child['spec'], `${resource.kind} ${name}`)
      repaired.add(resource.kind + resource.group)
    }
  }
  for (const name of ['std', 'metric', 'kn'])
    assert.equal(condition(statusOf(cluster, name), 'PredictorReady')?.status, 'True', name)
  const made = ['Service', 'OpenTelemetryCollectoropentelemetry.io', 'Deploymentapps', 'Serviceserving.knative.dev']
  const more = ['HorizontalPodAutoscalerautoscaling', 'ScaledObjectkeda.sh', 'PodDisruptionBudgetpolicy']
  const routes = ['HTTPRoutegateway.networking.k8s.io', 'VirtualServicenetworking.istio.io']
  assert.deepEqual([...repaired].toSorted(), [...made, ...more, ...routes].toSorted())
})
