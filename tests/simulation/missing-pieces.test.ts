import assert from 'node:assert/strict'
import test from 'node:test'
import { resources as serving, shippedConfig } from '@millrace/api'
import { type KubeObject, resources } from '@millrace/kube'
import { controllerNamespace, namespace } from './installation.ts'
import { conditionOf, isReady } from './objects.ts'
import type { OptionalKind } from './optional-kinds.ts'
import { createSimulation, type Simulation } from './simulation.ts'
import { modelUri, podMetric, serviceWish } from './wishes.ts'

interface Piece {
  readonly product: OptionalKind['product']
  readonly reason: string
  readonly condition: string
}

const pieces: readonly Piece[] = [
  { product: 'Gateway API', reason: 'GatewayApiNotInstalled', condition: 'IngressReady' },
  { product: 'KEDA', reason: 'KEDANotInstalled', condition: 'AutoscalerReady' },
  { product: 'OpenTelemetry', reason: 'OpenTelemetryNotInstalled', condition: 'AutoscalerReady' },
]

const minuteMs = 60_000
const healMs = 10_000

const wish = serviceWish(
  'a',
  {
    model: { modelFormat: { name: 'sklearn' }, storageUri: modelUri(1) },
    maxReplicas: 3,
    autoScaling: { metrics: [podMetric] },
  },
  { 'serving.kserve.io/autoscalerClass': 'keda', 'serving.kserve.io/deploymentMode': 'Standard' },
)

async function useGatewayApi({ world }: Simulation): Promise<void> {
  const ingress = JSON.stringify({ ...JSON.parse(shippedConfig['ingress'] ?? '{}'), enableGatewayApi: true })
  const name = { namespace: controllerNamespace, name: 'inferenceservice-config' }
  await world.client.patch(resources.configMaps, name, 'merge', { data: { ingress } })
}

async function readyPods({ world }: Simulation): Promise<readonly (string | undefined)[]> {
  const { items } = await world.client.list(resources.pods, { namespace })
  return items.filter(isReady).map(({ metadata }) => metadata.uid)
}

test('what a service can do without keeps it from nothing else, as often as it comes and goes', async () => {
  const simulation = await createSimulation({ seed: 1, crdVariant: 'minimal' })
  const { world, cluster, run } = simulation
  const service = (): Promise<KubeObject> => world.client.get(serving.inferenceServices, { namespace, name: 'a' })
  try {
    await world.startProcess()
    await run(3_000)
    await useGatewayApi(simulation)
    await world.client.create(serving.inferenceServices, wish)
    await run(2 * minuteMs)
    const pods = await readyPods(simulation)
    assert.equal(pods.length, 1, 'it serves')
    for (let round = 0; round < 2; round++) {
      const bare = await service()
      assert.equal(conditionOf(bare, 'PredictorReady')?.status, 'True')
      assert.equal(conditionOf(bare, 'Ready')?.reason, 'GatewayApiNotInstalled')
      assert.match(Object(bare['status']).address.url, /^http:\/\/a-predictor\.default\.svc/)
      for (const { product, reason, condition } of pieces) {
        assert.equal(conditionOf(await service(), condition)?.reason, reason)
        await cluster.setProduct(product, true)
        await run(healMs)
        assert.notEqual(conditionOf(await service(), condition)?.reason, reason, `${product} heals it`)
      }
      await run(minuteMs)
      const whole = await service()
      assert.equal(conditionOf(whole, 'Ready')?.status, 'True')
      assert.equal(conditionOf(whole, 'AutoscalerReady'), undefined)
      await simulation.checkRest()
      for (const { product } of pieces.toReversed()) await cluster.setProduct(product, false)
      await run(minuteMs)
      await simulation.checkRest()
    }
    assert.deepEqual(await readyPods(simulation), pods, 'no pod was replaced for it')
    await simulation.checkSilence(10 * minuteMs)
    await simulation.checkRestart()
  } finally {
    await simulation.close()
  }
  assert.deepEqual(simulation.broken, [])
})
