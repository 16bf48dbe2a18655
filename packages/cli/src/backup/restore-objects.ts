import {
  type Client,
  discover,
  type Discovery,
  isKubeError,
  type KubeObject,
  type OwnerReference,
  type Resource,
  resources,
} from '@millrace/kube'
import { find } from '../wait.ts'

export interface RestoreOptions {
  /** Objects that are there already are made as they were, in place of being left alone. */
  readonly overwrite: boolean
  readonly dryRun: boolean
  readonly signal: AbortSignal
  readonly onRestored: (object: KubeObject, outcome: RestoreOutcome, note?: string) => void
}

export type RestoreOutcome = 'created' | 'kept' | 'overwritten' | 'skipped'

const fieldManager = 'millrace-restore'

/**
 * Brings the objects of a backup back, in its order. Running it again changes nothing; interrupted, it goes on where it
 * was. Namespaces that are missing are made. Owners are found by name and get their new uid; status goes back through its
 * subresource, and only to objects that were created here: a living object's status is its controller's.
 */
export async function restoreObjects(
  client: Client,
  objects: readonly KubeObject[],
  options: RestoreOptions,
): Promise<void> {
  const discovery = await discover(client)
  const namespaces = new Set<string>()
  for (const object of objects) {
    if (options.signal.aborted) return
    const resource = discovery.ofKind(object.apiVersion, object.kind)
    if (!resource) {
      options.onRestored(
        object,
        'skipped',
        `the server does not serve ${object.kind} of ${object.apiVersion}: install its CRD and run this again`,
      )
      continue
    }
    const { namespace } = object.metadata
    if (namespace !== undefined && !namespaces.has(namespace)) {
      await ensureNamespace(client, namespace, options)
      namespaces.add(namespace)
    }
    await restoreOne(client, discovery, resource, object, options)
  }
}

async function restoreOne(
  client: Client,
  discovery: Discovery,
  resource: Resource,
  object: KubeObject,
  options: RestoreOptions,
): Promise<void> {
  const { namespace, name = '' } = object.metadata
  const place = namespace === undefined ? { name } : { namespace, name }
  const live = await find(client, resource, place)
  if (live && !options.overwrite) return options.onRestored(object, 'kept')
  const { owners, lost } = await currentOwners(client, discovery, object)
  const { status, ...rest }: KubeObject & { status?: unknown } = object
  const ownerReferences = object.metadata.ownerReferences ? { ownerReferences: [...owners] } : {}
  const wanted: KubeObject = { ...rest, metadata: { ...object.metadata, ...ownerReferences } }
  const note = lost.length === 0 ? undefined : `without its owner ${lost.join(', ')}, which is gone`
  if (lost.length > 0 && owners.length === 0)
    return options.onRestored(
      object,
      'skipped',
      `its owner ${lost.join(', ')} is gone; the owner's controller makes it again`,
    )
  if (live) {
    await client.apply(resource, wanted, { fieldManager, force: true, dryRun: options.dryRun })
    return options.onRestored(object, 'overwritten', note)
  }
  const created = await client.create(resource, wanted, { fieldManager, dryRun: options.dryRun })
  if (status !== undefined && !options.dryRun) await restoreStatus(client, resource, created, status)
  options.onRestored(object, 'created', note)
}

/** A kind without the subresource took the status along, or has none: both are fine. */
async function restoreStatus(client: Client, resource: Resource, created: KubeObject, status: unknown): Promise<void> {
  try {
    await client.replace(
      resource,
      { ...created, status: withGeneration(status, created.metadata.generation) },
      { subresource: 'status', fieldManager },
    )
  } catch (error) {
    // Its controller has been there already, and knows better.
    if (!isKubeError(error, 'NotFound') && !isKubeError(error, 'Conflict')) throw error
  }
}

/** A status that was about the latest generation is about the new object's first one. */
function withGeneration(status: unknown, generation: number | undefined): unknown {
  if (typeof status !== 'object' || status === null || !('observedGeneration' in status) || generation === undefined)
    return status
  return { ...status, observedGeneration: generation }
}

async function currentOwners(
  client: Client,
  discovery: Discovery,
  object: KubeObject,
): Promise<{ readonly owners: readonly OwnerReference[]; readonly lost: readonly string[] }> {
  const owners: OwnerReference[] = []
  const lost: string[] = []
  for (const reference of object.metadata.ownerReferences ?? []) {
    const resource = discovery.ofKind(reference.apiVersion, reference.kind)
    const namespace = object.metadata.namespace
    const place =
      resource?.namespaced && namespace !== undefined ? { namespace, name: reference.name } : { name: reference.name }
    const owner = resource && (await find(client, resource, place))
    if (owner?.metadata.uid === undefined) lost.push(`${reference.kind} ${reference.name}`)
    else owners.push({ ...reference, uid: owner.metadata.uid })
  }
  return { owners, lost }
}

async function ensureNamespace(client: Client, name: string, options: RestoreOptions): Promise<void> {
  if (await find(client, resources.namespaces, { name })) return
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
  await client.create(resources.namespaces, namespace, { fieldManager, dryRun: options.dryRun })
  options.onRestored(namespace, 'created')
}
