import { isDeepStrictEqual } from 'node:util'
import {
  type Clock,
  compareObjects,
  findDrift,
  isKubeError,
  type KubeObject,
  nameOfObject,
  type ProcessResult,
  type Resource,
  type SettledDrift,
} from '@millrace/kube'
import type { Capabilities, Knative, Observe, Render, RenderResult } from '@millrace/render'
import { fieldManager } from './field-manager.ts'
import { type GatherSources, gather } from './gather.ts'
import type { DependencyIndex } from './dependency-index.ts'
import type { LastWords } from './last-words.ts'
import type { LiveSettings } from './live-settings.ts'
import type { News } from './news.ts'
import type { Refusals } from './refusals.ts'
import { withMark } from './rollout-mark.ts'
import { nextStep, type RolloutStep, settledMark } from './rollout-step.ts'
import type { RolloutTurns } from './rollout-turns.ts'
import { factsOf, tracedClient } from './traced-client.ts'
import type { Span } from './tracing.ts'
import type { SettingsUse } from './settings-use.ts'
import {
  applyOptions,
  childrenNow,
  nothingWritten,
  type Plan,
  writeChildren,
  type WriteContext,
} from './write-children.ts'

/** The pure core. A simulation gives a faulty one, to see that its faults are found. */
export interface Renderer {
  readonly render: Render
  readonly observe: Observe
}

/** Everything that the loop touches; nothing else has effects. */
export interface ReconcileContext extends WriteContext {
  readonly renderer: Renderer
  readonly clock: Clock
  readonly controllerNamespace: string
  readonly sources: GatherSources
  readonly settings: LiveSettings
  readonly settingsUse: SettingsUse
  readonly knative: () => Knative
  readonly capabilities: () => Capabilities
  readonly dependencies: DependencyIndex
  readonly news: News
  readonly lastWords: LastWords
  readonly refusals: Refusals
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
  readonly turns: RolloutTurns
  /** Whether other services wait to be looked at for something that came of itself. */
  readonly isPressed: () => boolean
  /** Services whose pods are replaced without a turn: their own wish is not written in full, or somebody changed a template. */
  readonly urgent: Set<string>
  /** Where what is done is told for those who trace it. */
  readonly trace: Span
  /** Our copy of the service is not what the server has: it is to be asked before the next run. */
  readonly doubt: (key: string) => void
}

/**
 * One service, from what is asked for to what is there:
 *
 *   gather ─▶ render ─▶ apply (what drifted) ─▶ prune ─▶ observe ─▶ status (if changed) ─▶ news
 *                           └ pods that run, only when it is the service's turn
 *
 * A service that was given its children while others wait for theirs is left there, unfinished: what takes long, pods, begins
 * for all of them before anything is told of it. It comes again, finds nothing to write but the status.
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
): Promise<ProcessResult> {
  return context.trace.part('reconcile', factsOf(resource, nameOfObject(service)), (span) =>
    run({ ...context, client: tracedClient(context.client, span), trace: span }, key, resource, service, signal),
  )
}

async function run(
  context: ReconcileContext,
  key: string,
  resource: Resource,
  service: KubeObject,
  signal: AbortSignal,
): Promise<ProcessResult> {
  const { controllerNamespace, trace } = context
  const settings = context.settingsUse.open(key, context.settings.config, context.knative)
  const { config } = settings
  const { world, reads } = await trace.part('gather', {}, () =>
    gather(context.sources, { service, config, controllerNamespace }, signal, (asked) =>
      context.dependencies.add(key, asked),
    ),
  )
  context.dependencies.set(key, reads)
  const children = await context.children.ownedBy(service, signal)
  const rendered = await trace.part('render', {}, () =>
    context.renderer.render({
      service,
      world,
      children,
      config,
      capabilities: context.capabilities(),
      get knative() {
        return settings.knative()
      },
      controllerNamespace,
      isTemplateUnchanged: (object, live) => isTemplateUnchanged(context.settled, object, live),
    }),
  )
  const plan = await trace.part('compare', {}, () => planWrites(context, key, service, rendered, signal))
  const marked = await announce(context, key, resource, service, plan.step, signal)
  const written = rendered.ok ? await writeChildren(context, marked, plan, children, signal) : nothingWritten
  const { failures } = written
  if (plan.step.go && failures.length === 0) context.urgent.delete(key)
  const isCreation = written.applied.some(({ action }) => action === 'created')
  if (isCreation && failures.length === 0 && context.isPressed()) return { isUnfinished: true }
  const elapsedMs = context.clock.elapsed()
  const outcome = context.refusals.told({ key, service, rendered, failures, elapsedMs })
  // What serves is not what is asked for, which is on its way: the status stays about the generation before.
  if (failures[0] && outcome.ok && !isObserved(service)) throw failures[0].error
  const live = written.hasChanged ? await childrenNow(context, service, written, signal) : children
  const pods = context.podsOf(service)
  const nowMs = context.clock.now()
  const observed = context.renderer.observe({
    service: marked,
    rendered: outcome,
    world,
    config,
    children: live,
    pods: await context.lastWords.added(pods, signal),
    now: wholeSeconds(nowMs),
  })
  settings.close()
  const mark = settledMark(plan.step.go ? plan.step.mark : undefined, {
    children: live,
    status: observed,
    nowMs,
    deadlineMs: context.settings.config.rolloutWaves.deadlineSeconds * 1000,
    refusal: rendered.ok && !outcome.ok ? outcome.problem.message : undefined,
  })
  const status = withMark(observed, mark)
  await writeStatus(context, key, resource, marked, status, signal)
  context.scaled(service, outcome, { children: live, pods })
  context.news.tell(service, status, outcome)
  if (failures[0]) throw failures[0].error
  return {}
}

async function planWrites(
  context: ReconcileContext,
  key: string,
  service: KubeObject,
  rendered: RenderResult,
  signal: AbortSignal,
): Promise<Plan> {
  const { turns, urgent } = context
  const comparisons = await compareObjects(rendered.ok ? rendered.objects : [], applyOptions(context, signal))
  if (!isObserved(service)) urgent.add(key)
  const step = nextStep({
    service,
    comparisons,
    isOwn: urgent.has(key),
    nowMs: context.clock.now(),
    takeTurn: () => turns.take(key),
  })
  if (step.go) turns.leave(key)
  return { comparisons, step }
}

/** Says in the status that the pods are about to be replaced, before they are: whoever comes after us finds it there. */
async function announce(
  context: ReconcileContext,
  key: string,
  resource: Resource,
  service: KubeObject,
  step: RolloutStep,
  signal: AbortSignal,
): Promise<KubeObject> {
  if (!step.go || !step.isNew) return service
  try {
    const marked = withMark(Object(service['status']), step.mark)
    const stored = await writeStatus(context, key, resource, service, marked, signal)
    context.turns.saw(key, stored)
    return stored
  } finally {
    context.turns.giveBack(key)
  }
}

function isObserved({ status, metadata: { generation } }: KubeObject): boolean {
  return Object(status).observedGeneration === generation
}

/** Whether applying would leave the template as it is. What the server spells its own way is no change. */
function isTemplateUnchanged(settled: SettledDrift, object: KubeObject, live: KubeObject): boolean {
  const drift = findDrift(object, live, fieldManager)
  const isElsewhere = ({ path }: { readonly path: string }) =>
    path.startsWith('metadata') || (path.startsWith('spec.') && !path.startsWith('spec.template'))
  return drift.every(isElsewhere) || settled.has(object, live, drift)
}

/** The service as it is stored now. One write, and only if there is something new in it. Somebody else's write in between is a Conflict: the run is repeated. */
async function writeStatus(
  context: ReconcileContext,
  key: string,
  resource: Resource,
  service: KubeObject,
  status: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<KubeObject> {
  const plain: unknown = JSON.parse(JSON.stringify(status))
  if (isDeepStrictEqual(plain, service['status'] ?? {})) return service
  try {
    const stored = await context.client.replace(
      resource,
      { ...service, status: plain },
      { subresource: 'status', signal },
    )
    context.rememberService(stored)
    return stored
  } catch (error) {
    if (isKubeError(error, 'Conflict') || isKubeError(error, 'NotFound')) context.doubt(key)
    // Deleted while we looked: nobody is left to tell.
    if (!isKubeError(error, 'NotFound')) throw error
    context.log.debug('Gone before its status was written', { kind: service.kind, ...nameOfObject(service) })
    return service
  }
}

function wholeSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
