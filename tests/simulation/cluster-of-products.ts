import { resources as serving, shippedRuntimes } from '@millrace/api'
import { isKubeError, type KubeObject, type Resource, resources } from '@millrace/kube'
import { definitionOf, type SeededRandom } from '@millrace/testkit'
import { httpRoutes, knativeServices, knativeServings, type OptionalKind, optionalKinds } from './optional-kinds.ts'
import { type StandIn, startGatewayStandIn, startKnativeStandIn } from './stand-ins.ts'
import type { World } from './world.ts'

/** What is installed beside Kubernetes itself, and may come and go. */
export interface Cluster {
  readonly installed: ReadonlySet<OptionalKind['product']>
  /** Installs one that is missing, or removes one that is there. */
  toggleProduct(random: SeededRandom): Promise<string>
  setProduct(product: OptionalKind['product'], isInstalled: boolean): Promise<string>
  changeKnative(random: SeededRandom): Promise<string>
  setAutoscaler(data: Readonly<Record<string, string>>): Promise<void>
  /** Makes a shipped runtime anew. */
  restoreRuntime(name: string): Promise<void>
  close(): Promise<void>
}

/** Where Knative's settings are. */
export const knativeNames = {
  configMap: { namespace: 'knative-serving', name: 'config-autoscaler' },
  serving: { namespace: 'knative-serving', name: 'knative-serving' },
}

export function createCluster(world: World): Cluster {
  const { client, clock } = world
  const installed = new Set<OptionalKind['product']>()
  const standIns = new Map<OptionalKind['product'], StandIn>()
  const startStandIn = (resource: Resource): StandIn | undefined => {
    const shared = { client, clock, random: world.random('stand-in').next }
    if (resource === knativeServices) return startKnativeStandIn(shared)
    return resource === httpRoutes ? startGatewayStandIn(shared) : undefined
  }
  const install = async ({ product, resource }: OptionalKind): Promise<string> => {
    await client.create(resources.customResourceDefinitions, definitionOf(resource))
    installed.add(product)
    await world.run(200)
    world.history.follow(resource)
    const standIn = startStandIn(resource)
    if (standIn) standIns.set(product, standIn)
    if (resource === knativeServings) await client.create(knativeServings, operatorSettings)
    return `install ${product}`
  }
  const remove = async ({ product, resource }: OptionalKind): Promise<string> => {
    await standIns.get(product)?.close()
    standIns.delete(product)
    await client.delete(resources.customResourceDefinitions, { name: `${resource.plural}.${resource.group}` })
    installed.delete(product)
    await world.history.forget(resource)
    return `remove ${product}`
  }
  const setAutoscaler = async (data: Readonly<Record<string, string>>): Promise<void> => {
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: knativeNames.configMap, data } as KubeObject
    await client.apply(resources.configMaps, configMap, { fieldManager: 'user', force: true })
  }
  const toggle = (kind: OptionalKind): Promise<string> => (installed.has(kind.product) ? remove(kind) : install(kind))
  return {
    installed,
    toggleProduct: (random) => toggle(random.pick(optionalKinds)),
    setProduct: async (product, isInstalled) => {
      const kind = optionalKinds.find((candidate) => candidate.product === product)
      if (!kind || installed.has(product) === isInstalled) return `${product} as it was`
      return toggle(kind)
    },
    changeKnative: async (random) => {
      const data = { 'initial-scale': String(1 + random.below(3)), 'max-scale': String(random.below(6)) }
      if (random.chance(0.2)) {
        await client.delete(resources.configMaps, knativeNames.configMap).catch(ignoreAbsence)
        return 'no config-autoscaler'
      }
      await setAutoscaler(data)
      return `config-autoscaler ${JSON.stringify(data)}`
    },
    setAutoscaler,
    restoreRuntime: async (name) => {
      const runtime = shippedRuntimes.find(({ metadata }) => metadata.name === name)
      if (!runtime) throw new Error(`no runtime ${name} ships`)
      await client.create(serving.clusterServingRuntimes, {
        ...(runtime as unknown as KubeObject),
        apiVersion: 'serving.kserve.io/v1alpha1',
        kind: 'ClusterServingRuntime',
      })
    },
    close: async () => {
      for (const standIn of standIns.values()) await standIn.close()
    },
  }
}

/** What the operator is told; it comes before the ConfigMap that the operator would make of it. */
const operatorSettings = {
  apiVersion: 'operator.knative.dev/v1beta1',
  kind: 'KnativeServing',
  metadata: knativeNames.serving,
  spec: { config: { autoscaler: { 'initial-scale': '4' } } },
} as KubeObject

function ignoreAbsence(error: unknown): void {
  if (!isKubeError(error, 'NotFound')) throw error
}
