import { isDeepStrictEqual } from 'node:util'
import {
  applyObjects,
  type ApplyResult,
  type Client,
  type Clock,
  findDrift,
  isKubeError,
  type KubeError,
  type KubeObject,
  type Log,
  nameOfObject,
  pruneObjects,
  type PruneResult,
  type Resource,
  type SettledDrift,
} from '@millrace/kube'
import type { Capabilities, Knative, Observe, Render, RenderResult } from '@millrace/render'
import type { Children } from './children.ts'
import { fieldManager } from './field-manager.ts'
import { type GatherSources, gather } from './gather.ts'
import type { DependencyIndex } from './dependency-index.ts'
import type { LastWords } from './last-words.ts'
import type { LiveSettings } from './live-settings.ts'
import type { News } from './news.ts'

/** The pure core. A simulation gives a faulty one, to see that its faults are found. */
export interface Renderer {
  readonly render: Render
  readonly observe: Observe
}

/** Everything that the loop touches; nothing else has effects. */
export interface ReconcileContext {
  readonly client: Client
  readonly renderer: Renderer
  readonly clock: Clock
  readonly log: Log
  readonly controllerNamespace: string
  readonly sources: GatherSources
  readonly children: Children
  readonly settings: LiveSettings
  readonly knative: () => Knative
  readonly capabilities: () => Capabilities
  readonly dependencies: DependencyIndex
  readonly settled: SettledDrift
  readonly news: News
  readonly lastWords: LastWords
  /** Told of what was decided about scale, and of what there is. */
  readonly scaled: (
    service: KubeObject,
    rendered: RenderResult,
    live: { readonly children: readonly KubeObject[]; readonly pods: readonly KubeObject[] },
  ) => void
  /** Pods of the service, as they are now. */
  readonly podsOf: (service: KubeObject) => readonly KubeObject[]
  /** The server's answer to a write of the service's status. */
  readonly rememberService: (service: KubeObject) => void
  /** Our copy of the service is not what the server has: it is to be asked before the next run. */
  readonly doubt: (key: string) => void
}

/**
 * One service, from what is asked for to what is there:
 *
 *   gather ─▶ render ─▶ apply (what drifted) ─▶ prune ─▶ observe ─▶ status (if changed) ─▶ news
 *
 * All reads come first; every write can be repeated. Rejects with what has to be tried again; what a user must mend is in
 * the status, and is looked at again when something that was read changes.
 */
export async function reconcile(
  context: ReconcileContext,
  key: string,
  resource: Resource,
  service: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  const { config } = context.settings
  const { controllerNamespace } = context
  const { world, reads } = await gather(context.sources, { service, config, controllerNamespace }, signal)
  context.dependencies.set(key, reads)
  const children = await context.children.ownedBy(service, signal)
  const rendered = context.renderer.render({
    service,
    world,
    children,
    config,
    capabilities: context.capabilities(),
    knative: context.knative(),
    controllerNamespace,
    isTemplateUnchanged: (object, live) => isTemplateUnchanged(context.settled, object, live),
  })
  const written = rendered.ok ? await write(context, service, rendered.objects, children, signal) : nothingWritten
  const outcome = withRefusal(rendered, written.applied)
  const live = written.hasChanged ? await childrenNow(context, service, written, signal) : children
  const pods = context.podsOf(service)
  const status = context.renderer.observe({
    service,
    rendered: outcome,
    world,
    config,
    children: live,
    pods: await context.lastWords.added(pods, signal),
    now: wholeSeconds(context.clock.now()),
  })
  await writeStatus(context, key, resource, service, status, signal)
  context.scaled(service, outcome, { children: live, pods })
  context.news.tell(service, status, outcome)
  if (written.failure) throw written.failure
}

/** Whether applying would leave the template as it is. What the server spells its own way is no change. */
function isTemplateUnchanged(settled: SettledDrift, object: KubeObject, live: KubeObject): boolean {
  const drift = findDrift(object, live, fieldManager)
  const isElsewhere = ({ path }: { readonly path: string }) =>
    path.startsWith('metadata') || (path.startsWith('spec.') && !path.startsWith('spec.template'))
  return drift.every(isElsewhere) || settled.has(object, live, drift)
}

/** The local copies know of our writes already, but of deletions only when the watch tells. */
async function childrenNow(
  context: ReconcileContext,
  service: KubeObject,
  written: Written,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const owned = await context.children.ownedBy(service, signal)
  return owned.filter(({ metadata: { uid } }) => uid === undefined || !written.deletedUids.has(uid))
}

interface Written {
  readonly applied: readonly ApplyResult[]
  readonly deletedUids: ReadonlySet<string>
  readonly hasChanged: boolean
  readonly failure: KubeError | undefined
}

const nothingWritten: Written = { applied: [], deletedUids: new Set(), hasChanged: false, failure: undefined }

async function write(
  context: ReconcileContext,
  service: KubeObject,
  objects: readonly KubeObject[],
  children: readonly KubeObject[],
  signal: AbortSignal,
): Promise<Written> {
  const { client, settled } = context
  const { live, remember, resourceOf } = context.children
  const applied = await applyObjects(client, objects, {
    fieldManager,
    resourceOf,
    live: (resource, name) => live(resource, name, signal),
    written: remember,
    settled,
    signal,
  })
  const failed = applied.find(({ action }) => action === 'failed')
  // What replaces something must be there before that goes away.
  const pruned = failed ? [] : await pruneObjects(client, children, objects, { resourceOf, signal })
  const failure = failed?.error ?? pruned.find(({ error }) => error)?.error
  logWrites(context.log, service, { applied, pruned, failure })
  const changed = [...applied.filter(({ action }) => action === 'created' || action === 'configured'), ...pruned]
  const deleted = pruned.filter(({ action }) => action === 'deleted')
  return {
    applied,
    deletedUids: new Set(deleted.flatMap(({ object }) => object.metadata.uid ?? [])),
    hasChanged: changed.length > 0,
    failure,
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

/** What the API server refuses for good is told where the user looks. */
function withRefusal(rendered: RenderResult, applied: readonly ApplyResult[]): RenderResult {
  const failed = applied.find(
    ({ error }) => error && !error.retryable && error.code !== 'Aborted' && error.code !== 'Conflict',
  )
  if (!rendered.ok || !failed?.error) return rendered
  const { decisions, facts } = rendered
  const { kind } = failed.object
  const message = `${kind} ${failed.object.metadata.name} could not be made: ${failed.error.message}`
  return { ok: false, problem: { reason: `${kind}Refused`, message }, decisions, facts }
}

/** One write, and only if there is something new in it. Somebody else's write in between is a Conflict: the run is repeated. */
async function writeStatus(
  context: ReconcileContext,
  key: string,
  resource: Resource,
  service: KubeObject,
  status: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  const plain: unknown = JSON.parse(JSON.stringify(status))
  if (isDeepStrictEqual(plain, service['status'] ?? {})) return
  try {
    const stored = await context.client.replace(
      resource,
      { ...service, status: plain },
      { subresource: 'status', signal },
    )
    context.rememberService(stored)
  } catch (error) {
    if (isKubeError(error, 'Conflict') || isKubeError(error, 'NotFound')) context.doubt(key)
    // Deleted while we looked: nobody is left to tell.
    if (!isKubeError(error, 'NotFound')) throw error
    context.log.debug('Gone before its status was written', { kind: service.kind, ...nameOfObject(service) })
  }
}

function wholeSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
