import { isDeepStrictEqual } from 'node:util'
import { configMapName, resources as serving } from '@millrace/api'
import {
  type Admit,
  type Change,
  createSettledDrift,
  keyOf,
  keyOfObject,
  type KubeObject,
  nameOfKey,
  type ProcessResult,
  type Resource,
} from '@millrace/kube'
import { makesPods, observe, render } from '@millrace/render'
import { type AdmitContext, admit } from './admit.ts'
import type { ClusterWatch } from './cluster-watch.ts'
import { confirmService } from './confirm-service.ts'
import { type CompletePodsContext, completePods } from './complete-pods.ts'
import { createLastWords } from './last-words.ts'
import { followCluster, type LiveCluster, type LiveClusterOptions } from './live-cluster.ts'
import { createOwnWrites, type OwnWrites } from './own-writes.ts'
import { reconcile, type ReconcileContext, type Renderer } from './reconcile.ts'
import { releaseFinalizers } from './release-finalizers.ts'
import { createRolloutNews } from './rollout-news.ts'
import { createRolloutTurns, type RolloutTurns } from './rollout-turns.ts'
import { createServiceMemory, type ServiceMemory } from './service-memory.ts'
import { createServiceQueues } from './service-queues.ts'
import type { SettingsPart } from './settings-use.ts'
import { sweepBundles } from './sweep-bundles.ts'
import type { Span } from './tracing.ts'
import { concernedBy, parseServiceKey, serviceKeyText } from './triggers.ts'
import { kindId, knativeServings, podIndex, primaryResources, type WatchedKind } from './watched-kinds.ts'

export interface LoopOptions extends LiveClusterOptions {
  readonly workers?: number
  readonly renderer?: Renderer
  readonly trace: Span
}

/** The one loop: every change becomes names in a queue, and every name one run of `reconcile`. */
export interface Loop {
  /** Resolves when everything that rendering depends on has been read once. */
  readonly started: Promise<void>
  /** Begins to work on services; the answer ends it when the runs have ended. May be begun again. */
  work(): () => Promise<void>
  readonly admit: Admit
  /** Finishes the pods of Knative mode. */
  readonly completePods: Admit
  longestRunSeconds(): number
  /** Why `started` has not resolved, for people. */
  waitsFor(): string
  close(): Promise<void>
}

const workersDefault = 8

export function createLoop(options: LoopOptions): Loop {
  const { controllerNamespace, clock, random, log, metrics, recorder } = options
  const memory = createServiceMemory(recorder, metrics)
  const ownWrites = createOwnWrites()

  const addAll = (isWanted: (key: string) => boolean = () => true) => {
    for (const { group, kind } of primaryResources) {
      for (const key of cluster.watch.collection(kindId(group, kind))?.keys() ?? []) {
        if (isWanted(serviceKeyText({ kind, key }))) queues.add({ kind, key }, 'low')
      }
    }
  }
  const addUsers = (parts: readonly SettingsPart[]) => addAll((key) => memory.settingsUse.isUser(key, parts))
  const onChange = (kind: WatchedKind, change: Change) => {
    const { object, type } = change
    if (kind.resource === knativeServings) addUsers(['knative'])
    for (const service of concernedBy(kind, change, { dependencies: memory.dependencies, ownWrites })) {
      const key = serviceKeyText(service)
      if (kind.role === 'child' && type === 'deleted') memory.doubts.add(key)
      if (kind.role === 'child' && isTemplateOfOthers(change)) memory.urgent.add(key)
      queues.add(service)
    }
    if (kind.role !== 'primary') return
    const key = serviceKeyText({ kind: object.kind, key: keyOfObject(object) })
    turns.saw(key, type === 'deleted' ? undefined : object)
    if (type === 'deleted') memory.forget(key, object)
  }
  const cluster = followCluster(options, { onChange, onSettings: addUsers, onKinds: () => addAll() })
  const rolloutNews = createRolloutNews({
    clock,
    log,
    record: (event) => recorder.record(configurationOf(controllerNamespace), event),
    metric: metrics.rollouts,
  })
  const turns = createRolloutTurns({
    clock,
    settings: () => cluster.settings.config.rolloutWaves,
    call: (key) => queues.add(parseServiceKey(key)),
    onTick: rolloutNews.tell,
  })
  const context = reconcileContext(options, { cluster, memory, ownWrites, turns, isPressed: () => queues.isPressed() })
  const queues = createServiceQueues({
    process: (resource, key, signal) => processService(context, resource, key, { cluster, memory, signal }),
    workers: options.workers ?? workersDefault,
    clock,
    random,
    log,
    metrics,
  })
  const admission = admissionContexts(options, cluster)
  return {
    started: cluster.started,
    work: () => {
      const endRuns = queues.begin()
      cluster.settings.keepGood(true)
      addAll()
      const endTurns = turns.work()
      rolloutNews.begin(turns.counts)
      const endSweep = sweepBundles({
        ...options,
        watch: cluster.watch,
        isBundleNamed: () => Boolean(cluster.settings.config.storageInitializer.caBundleConfigMapName),
      })
      return async () => {
        endTurns()
        metrics.rollouts({ rolling: 0, waiting: 0, failed: [] })
        cluster.settings.keepGood(false)
        await Promise.all([endSweep(), endRuns()])
      }
    },
    admit: (request) => admit(admission, request),
    completePods: (request) => completePods(admission, request),
    longestRunSeconds: () => queues.longestRunSeconds(),
    waitsFor: () => cluster.waitsFor(),
    close: () => cluster.close(),
  }
}

interface Parts {
  readonly cluster: LiveCluster
  readonly memory: ServiceMemory
  readonly ownWrites: OwnWrites
  readonly turns: RolloutTurns
  readonly isPressed: () => boolean
}

function reconcileContext(
  options: LoopOptions,
  { cluster, memory, ownWrites, turns, isPressed }: Parts,
): ReconcileContext {
  const { client, clock, log, controllerNamespace, trace, metrics } = options
  const { children, watch } = cluster
  const { dependencies, settingsUse, news, scales, refusals, urgent, doubts } = memory
  return {
    client,
    renderer: options.renderer ?? { render, observe },
    clock,
    log,
    controllerNamespace,
    sources: cluster.sources,
    children: {
      ...children,
      remember: (resource, object) => {
        ownWrites.add(object)
        children.remember(resource, object)
      },
    },
    settings: cluster.settings,
    settingsUse,
    turns,
    isPressed,
    urgent,
    trace,
    knative: cluster.knative,
    capabilities: cluster.capabilities,
    dependencies,
    settled: createSettledDrift(),
    news,
    refusals,
    lastWords: createLastWords(client, log),
    scaled: (service, rendered, live) =>
      metrics.scale(service.metadata.uid ?? '', scales.series(service, rendered, live)),
    podsOf: (service) => podsOf(watch, service),
    doubt: (key) => void doubts.add(key),
    rememberService: (service) => {
      ownWrites.add(service)
      const group = service.apiVersion.slice(0, service.apiVersion.indexOf('/'))
      watch.collection(kindId(group, service.kind))?.remember(service)
    },
  }
}

/** One name of the queue, as our copy has it, or as the server has where that may be old. */
async function processService(
  context: ReconcileContext,
  resource: Resource,
  name: string,
  parts: Pick<Parts, 'cluster' | 'memory'> & { readonly signal: AbortSignal },
): Promise<ProcessResult> {
  const { cluster, memory, signal } = parts
  const { client, log } = context
  const collection = cluster.watch.synced(kindId(resource.group, resource.kind))
  const known = collection?.get(nameOfKey(name))
  if (!collection || !known) return {}
  const key = serviceKeyText({ kind: resource.kind, key: name })
  const service = memory.doubts.has(key) ? await confirmService(client, collection, known, signal) : known
  memory.doubts.delete(key)
  if (!service) return {}
  if (service.metadata.deletionTimestamp !== undefined) {
    await releaseFinalizers(client, resource, service, { log, signal })
    return {}
  }
  return reconcile(context, key, resource, service, signal)
}

function admissionContexts(options: LoopOptions, cluster: LiveCluster): AdmitContext & CompletePodsContext {
  const { watch, settings, sources, capabilities, knative, started } = cluster
  const { group, kind: serviceKind } = serving.inferenceServices
  return {
    sources,
    config: () => settings.config,
    capabilities,
    knative,
    controllerNamespace: options.controllerNamespace,
    known: (kind, namespace) => watch.collection(kindId(group, kind))?.list(namespace) ?? [],
    service: (namespace, name) => watch.collection(kindId(group, serviceKind))?.get({ namespace, name }),
    started,
    clock: options.clock,
  }
}

/** Somebody else made the pods of a child be others: that is undone without waiting for a turn. */
function isTemplateOfOthers(change: Change): boolean {
  if (change.type !== 'updated' || !makesPods(change.object)) return false
  const { object, previous } = change
  if (object.metadata.generation === previous.metadata.generation) return false
  const templateOf = ({ spec }: KubeObject): unknown => Object(spec).template
  return !isDeepStrictEqual(templateOf(object), templateOf(previous))
}

/** What events about the configuration are about. */
function configurationOf(namespace: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: configMapName } }
}

function podsOf(watch: ClusterWatch, service: KubeObject): readonly KubeObject[] {
  const { namespace, name = '' } = service.metadata
  const id = service.kind === 'InferenceGraph' ? 'graph pods' : 'service pods'
  return watch.collection(id)?.by(podIndex, keyOf(namespace === undefined ? { name } : { namespace, name })) ?? []
}
