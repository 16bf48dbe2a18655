import {
  applyCompared,
  type ApplyOptions,
  type ApplyResult,
  type Client,
  type Comparison,
  type KubeError,
  type KubeObject,
  type Log,
  pruneObjects,
  type PruneResult,
  type SettledDrift,
} from '@millrace/kube'
import type { Children } from './children.ts'
import { fieldManager } from './field-manager.ts'
import type { FailedWrite } from './refusals.ts'
import { type RolloutStep, whileWaiting } from './rollout-step.ts'

export interface WriteContext {
  readonly client: Client
  readonly log: Log
  readonly children: Children
  readonly settled: SettledDrift
}

/** What is to be written, and whether pods are among it. */
export interface Plan {
  readonly comparisons: readonly Comparison[]
  readonly step: RolloutStep
}

export interface Written {
  readonly applied: readonly ApplyResult[]
  readonly deletedUids: ReadonlySet<string>
  readonly hasChanged: boolean
  readonly failures: readonly FailedWrite[]
}

export const nothingWritten: Written = { applied: [], deletedUids: new Set(), hasChanged: false, failures: [] }

/**
 * Applies what drifted, then deletes what is no longer rendered: of a service that waits for its turn, what replaces no pods.
 * An autoscaler goes before another comes: KEDA's webhook takes no ScaledObject for pods that something else scales.
 */
export async function writeChildren(
  context: WriteContext,
  service: KubeObject,
  { comparisons, step }: Plan,
  children: readonly KubeObject[],
  signal: AbortSignal,
): Promise<Written> {
  const objects = comparisons.map(({ object }) => object)
  const prune = (owned: readonly KubeObject[]) =>
    pruneObjects(context.client, owned, objects, { resourceOf: context.children.resourceOf, signal })
  const outdatedScalers = await prune(children.filter(isAutoscaler))
  const wanted = step.go ? comparisons : whileWaiting(comparisons)
  const applied = await applyCompared(context.client, wanted, applyOptions(context, signal))
  const unwritten = failuresIn(applied, 'written')
  // What replaces pods must be there before they go away.
  const isReplaced = step.go && unwritten.length === 0
  const others = isReplaced ? await prune(children.filter((child) => !isAutoscaler(child))) : []
  const pruned = [...outdatedScalers, ...others]
  const failures = [...unwritten, ...failuresIn(pruned, 'deleted')]
  logWrites(context.log, service, { applied, pruned, failure: failures[0]?.error })
  const changed = [...applied.filter(({ action }) => action === 'created' || action === 'configured'), ...pruned]
  const deleted = pruned.filter(({ action }) => action === 'deleted')
  return {
    applied,
    deletedUids: new Set(deleted.flatMap(({ object }) => object.metadata.uid ?? [])),
    hasChanged: changed.length > 0,
    failures,
  }
}

function isAutoscaler({ kind }: KubeObject): boolean {
  return kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject'
}

function failuresIn(
  results: readonly (ApplyResult | PruneResult)[],
  attempt: FailedWrite['attempt'],
): readonly FailedWrite[] {
  return results.flatMap(({ object, error }) => (error ? [{ object, attempt, error }] : []))
}

/** The local copies know of our writes already, but of deletions only when the watch tells. */
export async function childrenNow(
  context: Pick<WriteContext, 'children'>,
  service: KubeObject,
  written: Written,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const owned = await context.children.ownedBy(service, signal)
  return owned.filter(({ metadata: { uid } }) => uid === undefined || !written.deletedUids.has(uid))
}

export function applyOptions(context: WriteContext, signal: AbortSignal): ApplyOptions {
  const { live, remember, resourceOf } = context.children
  return {
    fieldManager,
    resourceOf,
    live: (kind, name) => live(kind, name, signal),
    written: remember,
    settled: context.settled,
    signal,
  }
}

function logWrites(
  log: Log,
  service: KubeObject,
  writes: {
    readonly applied: readonly ApplyResult[]
    readonly pruned: readonly PruneResult[]
    readonly failure: KubeError | undefined
  },
): void {
  const { applied, pruned, failure } = writes
  const about = { kind: service.kind, namespace: service.metadata.namespace, name: service.metadata.name }
  for (const { object, action, drift, error } of applied) {
    if (action === 'unchanged') continue
    const child = `${object.kind} ${object.metadata.name}`
    // What is thrown is logged where it is caught.
    if (error && error !== failure) log.warn('An object was not written', { ...about, child, error: error.message })
    if (!error)
      log.info('An object was written', {
        ...about,
        child,
        action,
        because: drift?.slice(0, 5).map(({ path, why }) => `${path} ${why}`),
      })
  }
  for (const { object, action, error } of pruned) {
    const child = `${object.kind} ${object.metadata.name}`
    if (error && error !== failure) log.warn('An object was not deleted', { ...about, child, error: error.message })
    if (!error) log.info('An object was deleted', { ...about, child, action })
  }
}
