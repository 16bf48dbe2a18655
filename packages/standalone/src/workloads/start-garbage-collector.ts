import {
  type Client,
  type Clock,
  createInformers,
  createWorkQueue,
  type Informer,
  type KubeObject,
  type Log,
  type Resource,
  resources,
} from '@millrace/kube'
import { collectGarbage } from './garbage-collector.ts'
import { createGarbageGraph } from './garbage-graph.ts'

/** Built-in kinds that own or are owned on this platform. Kinds of CRDs join them as they come. */
const watchedKinds: readonly Resource[] = [
  resources.pods,
  resources.services,
  resources.configMaps,
  resources.secrets,
  resources.serviceAccounts,
  resources.persistentVolumeClaims,
  resources.deployments,
  resources.replicaSets,
  resources.statefulSets,
  resources.jobs,
  resources.horizontalPodAutoscalers,
  resources.podDisruptionBudgets,
  resources.ingresses,
  resources.networkPolicies,
  resources.endpointSlices,
  resources.roles,
  resources.roleBindings,
]

interface CustomResourceDefinition extends KubeObject {
  spec: {
    readonly group: string
    readonly names: { readonly plural: string; readonly kind: string }
    readonly scope: string
    readonly versions: readonly { readonly name: string; readonly served: boolean; readonly storage: boolean }[]
  }
  status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

export interface GarbageCollector {
  readonly synced: Promise<void>
  close(): Promise<void>
}

export function startGarbageCollector(
  client: Client,
  { clock, random = Math.random, log }: { readonly clock: Clock; readonly random?: () => number; readonly log: Log },
): GarbageCollector {
  const informers = createInformers(client, { clock, random, log })
  const graph = createGarbageGraph()
  const served = new Map<string, Resource>()
  const custom = new Map<string, { readonly resource: Resource; readonly informer: Informer }>()
  const queue = createWorkQueue({
    name: 'garbage',
    clock,
    random,
    log,
    process: (uid) =>
      collectGarbage({ client, graph, findKind: (apiVersion, kind) => served.get(`${apiVersion}/${kind}`) }, uid),
  })
  const follow = (resource: Resource): Informer => {
    served.set(`${resource.group === '' ? '' : `${resource.group}/`}${resource.version}/${resource.kind}`, resource)
    const informer = informers.informer(resource, { metadataOnly: true })
    informer.onChange((change) => {
      const { object } = change
      const touched =
        change.type === 'deleted' ? graph.remove(object.metadata.uid ?? '') : graph.put({ resource, object })
      for (const uid of touched) queue.add(uid)
    })
    return informer
  }
  const builtin = watchedKinds.map(follow)
  const definitions = informers.informer<CustomResourceDefinition>(resources.customResourceDefinitions, {
    transform: namesOnly,
  })
  definitions.onChange((change) => {
    const name = change.object.metadata.name ?? ''
    const resource = change.type === 'deleted' ? undefined : resourceOf(change.object)
    const known = custom.get(name)
    if (known && JSON.stringify(known.resource) === JSON.stringify(resource)) return
    if (known) {
      custom.delete(name)
      for (const object of known.informer.list())
        for (const uid of graph.remove(object.metadata.uid ?? '')) queue.add(uid)
      void informers.stop(known.informer)
    }
    if (resource) custom.set(name, { resource, informer: follow(resource) })
  })
  const synced = Promise.all([...builtin, definitions].map((informer) => informer.synced)).then(() => queue.start())
  return {
    synced,
    async close() {
      await queue.close()
      await informers.close()
    },
  }
}

/** The storage version of an established definition. */
function resourceOf(definition: CustomResourceDefinition): Resource | undefined {
  const isEstablished = definition.status?.conditions?.some(
    (condition) => condition.type === 'Established' && condition.status === 'True',
  )
  const version =
    definition.spec.versions.find((candidate) => candidate.storage && candidate.served) ??
    definition.spec.versions.find((candidate) => candidate.served)
  if (!isEstablished || !version || definition.metadata.deletionTimestamp !== undefined) return undefined
  const { group, names, scope } = definition.spec
  return { group, version: version.name, plural: names.plural, kind: names.kind, namespaced: scope === 'Namespaced' }
}

/** Schemas are by far the largest part of a definition, and nothing here reads them. */
function namesOnly(definition: CustomResourceDefinition): CustomResourceDefinition {
  const { group, names, scope, versions } = definition.spec
  const { annotations: _a, managedFields: _m, ...metadata } = definition.metadata
  return {
    apiVersion: definition.apiVersion,
    kind: definition.kind,
    metadata,
    spec: { group, names, scope, versions: versions.map(({ name, served, storage }) => ({ name, served, storage })) },
    ...(definition.status?.conditions ? { status: { conditions: definition.status.conditions } } : {}),
  }
}
