import { createHash } from 'node:crypto'
import type { Client, ObjectName } from './client.ts'
import { type Difference, findDrift } from './drift.ts'
import { isKubeError, KubeError } from './errors.ts'
import { nameOfObject } from './object-key.ts'
import { describeTarget } from './resource-path.ts'
import type { KubeObject, Resource } from './wire.ts'

export interface ApplyResult {
  /** As it was rendered. */
  readonly object: KubeObject
  readonly action: 'created' | 'configured' | 'unchanged' | 'failed'
  /** As it is at the server now; absent when the call failed and nothing was there. */
  readonly live?: KubeObject
  readonly error?: KubeError
  /** Why it was written: the places that were not as rendered. */
  readonly drift?: readonly Difference[]
}

export interface ApplyOptions {
  readonly fieldManager: string
  /** The resource of a rendered object's kind; undefined when the cluster does not serve it. */
  readonly resourceOf: (object: KubeObject) => Resource | undefined
  /** What is live, from a cache or from the server, with the managedFields of `fieldManager`. */
  readonly live: (resource: Resource, name: ObjectName) => KubeObject | undefined | Promise<KubeObject | undefined>
  /** Told of every write, so that a cache may know of it before its watch does. */
  readonly written?: (resource: Resource, object: KubeObject) => void
  /** Keep it as long as the process: it spares a write wherever a server writes things its own way. */
  readonly settled?: SettledDrift
  readonly signal?: AbortSignal
}

/** A rendered object beside what is live, or why the two cannot be compared or the one not be written. */
export type Comparison =
  | {
      readonly object: KubeObject
      readonly resource: Resource
      readonly live?: KubeObject
      /** Where applying would change what is live. Empty: it is as rendered, or not there. */
      readonly drift: readonly Difference[]
    }
  | { readonly object: KubeObject; readonly live?: KubeObject; readonly error: KubeError }

/**
 * Applies objects in the order given, each only if it is not already as rendered, and never one that belongs to another
 * owner. What happened is data: a failure doesn't stop the others, unless the server cannot be reached at all.
 */
export async function applyObjects(
  client: Client,
  objects: readonly KubeObject[],
  options: ApplyOptions,
): Promise<readonly ApplyResult[]> {
  return applyCompared(client, await compareObjects(objects, options), options)
}

/** The first half of `applyObjects`: what it would write, and why. Writes nothing. */
export async function compareObjects(
  objects: readonly KubeObject[],
  options: Omit<ApplyOptions, 'written'>,
): Promise<readonly Comparison[]> {
  const comparisons: Comparison[] = []
  let unreachable: KubeError | undefined
  for (const object of objects) {
    const comparison: Comparison = unreachable ? { object, error: unreachable } : await compareOne(object, options)
    comparisons.push(comparison)
    if ('error' in comparison && isUnreachable(comparison.error)) unreachable = comparison.error
  }
  return comparisons
}

/** The second half of `applyObjects`. */
export async function applyCompared(
  client: Client,
  comparisons: readonly Comparison[],
  options: Pick<ApplyOptions, 'fieldManager' | 'written' | 'settled' | 'signal'>,
): Promise<readonly ApplyResult[]> {
  const results: ApplyResult[] = []
  let unreachable: KubeError | undefined
  for (const comparison of comparisons) {
    const result: ApplyResult = unreachable
      ? failed(comparison, unreachable)
      : await applyOne(client, comparison, options)
    results.push(result)
    if (result.error && isUnreachable(result.error)) unreachable = result.error
  }
  return results
}

function isUnreachable(error: KubeError): boolean {
  return error.httpStatus === undefined && error.retryable
}

function failed({ object, live }: Comparison, error: KubeError): ApplyResult {
  return { object, action: 'failed', error, ...(live && { live }) }
}

async function compareOne(object: KubeObject, options: Omit<ApplyOptions, 'written'>): Promise<Comparison> {
  let live: KubeObject | undefined
  try {
    const resource = options.resourceOf(object)
    if (!resource) throw notServed(object)
    live = await options.live(resource, nameOfObject(object))
    if (live && isForeign(object, live)) throw ownedByOther(resource, object, live)
    const drift = live ? findDrift(object, live, options.fieldManager) : []
    const isSettled = live !== undefined && drift.length > 0 && options.settled?.has(object, live, drift) === true
    return { object, resource, drift: isSettled ? [] : drift, ...(live && { live }) }
  } catch (error) {
    if (!isKubeError(error)) throw error
    return { object, error, ...(live && { live }) }
  }
}

async function applyOne(
  client: Client,
  comparison: Comparison,
  options: Pick<ApplyOptions, 'fieldManager' | 'written' | 'settled' | 'signal'>,
): Promise<ApplyResult> {
  if ('error' in comparison) return failed(comparison, comparison.error)
  const { object, resource, live, drift } = comparison
  if (live && drift.length === 0) return { object, action: 'unchanged', live }
  try {
    const applied = await client.apply(resource, object, {
      fieldManager: options.fieldManager,
      force: true,
      ...(options.signal && { signal: options.signal }),
    })
    options.written?.(resource, applied)
    options.settled?.remember(object, applied, findDrift(object, applied, options.fieldManager))
    const isSame = live?.metadata.resourceVersion === applied.metadata.resourceVersion
    if (live && isSame) return { object, action: 'unchanged', live: applied }
    return { object, action: live ? 'configured' : 'created', live: applied, drift }
  } catch (error) {
    if (!isKubeError(error)) throw error
    return failed(comparison, error)
  }
}

export interface PruneResult {
  readonly object: KubeObject
  readonly action: 'deleted' | 'failed'
  readonly error?: KubeError
}

/**
 * Deletes what an owner has and is no longer rendered, in reverse order: what refers goes before what is referred to.
 * Only the very object that was seen is deleted (uid), never one that was made anew under the same name.
 */
export async function pruneObjects(
  client: Client,
  owned: readonly KubeObject[],
  rendered: readonly KubeObject[],
  options: Pick<ApplyOptions, 'resourceOf' | 'signal'>,
): Promise<readonly PruneResult[]> {
  const kept = new Set(rendered.map(identity))
  const results: PruneResult[] = []
  for (const object of owned.toSorted(byApplyOrder).toReversed()) {
    if (kept.has(identity(object)) || object.metadata.deletionTimestamp !== undefined) continue
    results.push(await pruneOne(client, object, options))
  }
  return results
}

async function pruneOne(
  client: Client,
  object: KubeObject,
  options: Pick<ApplyOptions, 'resourceOf' | 'signal'>,
): Promise<PruneResult> {
  const { uid } = object.metadata
  const resource = options.resourceOf(object)
  try {
    if (!resource) throw notServed(object)
    await client.delete(resource, nameOfObject(object), {
      propagationPolicy: 'Background',
      ...(uid !== undefined && { preconditions: { uid } }),
      ...(options.signal && { signal: options.signal }),
    })
  } catch (error) {
    if (!isKubeError(error)) throw error
    // Already gone, or somebody else's by now: what we wanted gone is gone.
    if (error.code !== 'NotFound' && error.code !== 'Conflict') return { object, action: 'failed', error }
  }
  return { object, action: 'deleted' }
}

/** What is referred to comes first; kinds that are not listed come last, by kind and name. */
export function byApplyOrder(a: KubeObject, b: KubeObject): number {
  const rank = (object: KubeObject) => {
    const index = applyOrder.indexOf(object.kind)
    return index < 0 ? applyOrder.length : index
  }
  return rank(a) - rank(b) || compare(a.kind, b.kind) || compare(identity(a), identity(b))
}

const applyOrder: readonly string[] = [
  'CustomResourceDefinition',
  'Namespace',
  'PriorityClass',
  'StorageClass',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'ClusterRole',
  'Role',
  'ClusterRoleBinding',
  'RoleBinding',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'ClusterStorageContainer',
  'ClusterServingRuntime',
  'ServingRuntime',
  'Service',
  'Deployment',
]

/** Remembers, object by object, the differences that stay right after an apply: the server's own spelling, not drift. */
export interface SettledDrift {
  has(desired: KubeObject, live: KubeObject, drift: readonly Difference[]): boolean
  remember(desired: KubeObject, live: KubeObject, drift: readonly Difference[]): void
}

const settledMax = 10_000

export function createSettledDrift(): SettledDrift {
  const digests = new Map<string, string>()
  return {
    has: (desired, live, drift) => digests.get(live.metadata.uid ?? '') === digestOf(desired, drift),
    remember: (desired, live, drift) => {
      const uid = live.metadata.uid ?? ''
      digests.delete(uid)
      if (drift.length === 0) return
      digests.set(uid, digestOf(desired, drift))
      const oldest = digests.size > settledMax ? digests.keys().next().value : undefined
      if (oldest !== undefined) digests.delete(oldest)
    },
  }
}

function digestOf(desired: KubeObject, drift: readonly Difference[]): string {
  return createHash('sha256')
    .update(JSON.stringify([desired, drift]))
    .digest('base64')
}

/** What we render for an owner is never written over what that owner does not have: a user's own object, another's child. */
function isForeign(object: KubeObject, live: KubeObject): boolean {
  const owner = object.metadata.ownerReferences?.find(({ controller }) => controller)
  return owner !== undefined && !live.metadata.ownerReferences?.some(({ uid }) => uid === owner.uid)
}

function ownedByOther(resource: Resource, object: KubeObject, live: KubeObject): KubeError {
  const wanted = object.metadata.ownerReferences?.find(({ controller }) => controller)
  const other = live.metadata.ownerReferences?.find(({ controller }) => controller)
  const target = describeTarget(resource, live.metadata)
  const isFormerLife = other && other.kind === wanted?.kind && other.name === wanted?.name
  const why = isFormerLife
    ? `belongs to an earlier ${other.kind} ${other.name} and is still to be collected`
    : `${other ? `belongs to ${other.kind} ${other.name}` : 'was made by somebody else'}; rename or delete one of the two`
  return new KubeError({ code: 'OwnedByOther', message: `${target} already exists and ${why}`, retryable: false })
}

function notServed(object: KubeObject): KubeError {
  return new KubeError({
    code: 'NotServed',
    message: `The cluster does not serve ${object.kind} of ${object.apiVersion}`,
    retryable: false,
  })
}

function identity(object: KubeObject): string {
  const group = object.apiVersion.includes('/') ? object.apiVersion.slice(0, object.apiVersion.indexOf('/')) : ''
  return `${group}|${object.kind}|${object.metadata.namespace ?? ''}|${object.metadata.name ?? ''}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
