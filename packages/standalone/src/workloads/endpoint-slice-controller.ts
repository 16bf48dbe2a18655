import { isDeepStrictEqual } from 'node:util'
import { type Client, type Informer, isKubeError, type KubeObject, type ObjectName, resources } from '@millrace/kube'
import type { Pod } from './apps.ts'
import { endpointSlices, managedBy, managedByLabel, type Service } from './endpoint-slices.ts'

export interface EndpointSliceWorld {
  readonly client: Client
  readonly services: Informer<Service>
  readonly pods: Informer<Pod>
  /** Indexed by `service`: namespace/name of the Service in the well-known label. */
  readonly slices: Informer
}

/** Brings the EndpointSlices of one Service up to date; what nothing selects any more goes. */
export async function reconcileEndpointSlices(world: EndpointSliceWorld, name: ObjectName): Promise<void> {
  const service = world.services.get(name)
  const owned = world.slices
    .by('service', `${name.namespace}/${name.name}`)
    .filter((slice) => slice.metadata.labels?.[managedByLabel] === managedBy)
  if (service && !service.spec.selector) return
  const selector = Object.entries(service?.spec.selector ?? {})
  const pods = service
    ? world.pods
        .list(name.namespace)
        .filter((pod) => selector.every(([key, value]) => pod.metadata.labels?.[key] === value))
    : []
  const wanted = service && service.metadata.deletionTimestamp === undefined ? endpointSlices(service, pods) : []
  for (const slice of wanted)
    await write(
      world,
      owned.find((live) => live.metadata.name === slice.metadata.name),
      slice,
    )
  for (const live of owned) {
    if (wanted.some((slice) => slice.metadata.name === live.metadata.name)) continue
    try {
      await world.client.delete(resources.endpointSlices, {
        namespace: live.metadata.namespace ?? '',
        name: live.metadata.name ?? '',
      })
    } catch (error) {
      if (!isKubeError(error, 'NotFound')) throw error
    }
  }
}

async function write(world: EndpointSliceWorld, live: KubeObject | undefined, wanted: KubeObject): Promise<void> {
  if (!live) {
    world.slices.remember(await world.client.create(resources.endpointSlices, wanted))
    return
  }
  if (isSame(live, wanted)) return
  const next = { ...live, ...wanted, metadata: { ...live.metadata, labels: wanted.metadata.labels ?? {} } }
  world.slices.remember(await world.client.replace(resources.endpointSlices, next))
}

function isSame(live: KubeObject, wanted: KubeObject): boolean {
  const list = (value: unknown): unknown => value ?? []
  return (
    isDeepStrictEqual(list(live.endpoints), list(wanted.endpoints)) &&
    isDeepStrictEqual(list(live.ports), list(wanted.ports)) &&
    isDeepStrictEqual(live.metadata.labels, wanted.metadata.labels)
  )
}
