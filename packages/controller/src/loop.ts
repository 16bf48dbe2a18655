import { isDeepStrictEqual } from 'node:util'
import { configMapName, resources as serving } from '@millrace/api'
import {
  type Admit,
  type Change,
  type Client,
  type Clock,
  createSettledDrift,
  createWorkQueue,
  type EventRecorder,
  type InformerSet,
  isKubeError,
  keyOf,
  keyOfObject,
  type KubeObject,
  leanFor,
  type Log,
  nameOfKey,
  type Resource,
  resources,
  type WorkQueue,
} from '@millrace/kube'
import { type Capabilities, makesPods, observe, render, secretFacts } from '@millrace/render'
import { admit } from './admit.ts'
import { capabilitiesOf, createCapabilityReport, hasImageVolumes } from './capabilities.ts'
import { createChildren } from './children.ts'
import { type ClusterWatch, startClusterWatch } from './cluster-watch.ts'
import { confirmService } from './confirm-service.ts'
import { completePods } from './complete-pods.ts'
import { createDependencyIndex } from './dependency-index.ts'
import { fieldManager } from './field-manager.ts'
import { followKnativeSettings } from './knative-settings.ts'
import { createLastWords } from './last-words.ts'
import { followSettings } from './live-settings.ts'
import type { Metrics } from './metrics.ts'
import { createNews } from './news.ts'
import { createObjectReader } from './object-reader.ts'
import { createOwnWrites } from './own-writes.ts'
import { reconcile, type ReconcileContext, type Renderer } from './reconcile.ts'
import { releaseFinalizers } from './release-finalizers.ts'
import { createRolloutNews } from './rollout-news.ts'
import { createRolloutTurns } from './rollout-turns.ts'
import { createScaleTracker } from './scale-series.ts'
import { createSettingsUse, type SettingsPart } from './settings-use.ts'
import type { Span } from './tracing.ts'
import { concernedBy, parseServiceKey, type ServiceKey, serviceKeyText } from './triggers.ts'
import { kindId, knativeServings, podIndex, primaryResources, type WatchedKind, watchedKinds } from './watched-kinds.ts'

export interface LoopOptions {
  readonly client: Client
  readonly controllerNamespace: string
  readonly namespaces?: readonly string[]
  /** Where Knative Serving is installed; absent: looked for. */
  readonly knativeNamespace?: string | undefined
  readonly workers?: number
  readonly renderer?: Renderer
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly metrics: Metrics
  readonly recorder: EventRecorder
  readonly informers: InformerSet
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
  const { client, controllerNamespace, clock, random, log, metrics, recorder, informers } = options
  const dependencies = createDependencyIndex()
  const ownWrites = createOwnWrites()
  const news = createNews(recorder)
  const scales = createScaleTracker()
  const workers = options.workers ?? workersDefault
  /** Services whose copy may be old: the server is asked before anything is made for them. */
  const doubts = new Set<string>()
  const urgent = new Set<string>()
  const settingsUse = createSettingsUse()
  /** Present while we work. */
  let queues: ReadonlyMap<string, WorkQueue> | undefined
  let imageVolume = false
  let isStarted = false

  const reportCapabilities = createCapabilityReport(log, metrics.capability)
  const add = ({ kind, key }: ServiceKey) => queues?.get(kind)?.add(key)
  const addAll = (isWanted: (key: string) => boolean = () => true) => {
    for (const { group, kind } of primaryResources) {
      for (const object of watch.collection(kindId(group, kind))?.list() ?? []) {
        const service = { kind, key: keyOfObject(object) }
        if (isWanted(serviceKeyText(service))) add(service)
      }
    }
  }
  const addUsers = (parts: readonly SettingsPart[]) => addAll((key) => settingsUse.isUser(key, parts))
  const onChange = (kind: WatchedKind, change: Change) => {
    const { object } = change
    if (kind.resource === knativeServings) addUsers(['knative'])
    for (const key of concernedBy(kind, change, { dependencies, ownWrites })) {
      if (kind.role === 'child' && change.type === 'deleted') doubts.add(serviceKeyText(key))
      if (kind.role === 'child' && isTemplateOfOthers(change)) urgent.add(serviceKeyText(key))
      add(key)
    }
    if (kind.role !== 'primary') return
    const key = serviceKeyText({ kind: object.kind, key: keyOfObject(object) })
    turns.saw(key, change.type === 'deleted' ? undefined : object)
    if (change.type === 'deleted') {
      dependencies.delete(key)
      settingsUse.forget(key)
      urgent.delete(key)
      doubts.delete(key)
      news.forget(object.metadata.uid ?? '')
      scales.forget(object.metadata.uid ?? '')
      metrics.scale(object.metadata.uid ?? '', [])
    }
  }
  const watch: ClusterWatch = startClusterWatch({
    client,
    kinds: watchedKinds(),
    ...(options.namespaces && { namespaces: options.namespaces }),
    ownNamespace: controllerNamespace,
    clock,
    random,
    log,
    onChange,
    onKindsChanged: () => {
      reportCapabilities(watch, capabilities())
      if (isStarted) addAll()
    },
    onDiscovered: () => reportCapabilities(watch, capabilities()),
  })
  const capabilities = (): Capabilities => capabilitiesOf(watch, imageVolume)
  const settings = followSettings({
    client,
    informers,
    controllerNamespace,
    recorder,
    clock,
    random,
    log,
    onChange: addUsers,
    onProblems: (count) => metrics.configProblems(count),
  })
  const knative = followKnativeSettings({
    informers,
    knativeNamespace: options.knativeNamespace,
    knativeServings: () => watch.collection(kindId(knativeServings.group, knativeServings.kind))?.list() ?? [],
    hasKnative: () => capabilities().knative,
    log,
    onChange: () => addUsers(['knative']),
    onResolved: ({ source }) => metrics.autoscalerSettings(source),
  })
  const rolloutNews = createRolloutNews({
    clock,
    log,
    record: (event) => recorder.record(configurationOf(controllerNamespace), event),
    metric: metrics.rollouts,
  })
  const turns = createRolloutTurns({
    clock,
    settings: () => settings.config.rolloutWaves,
    call: (key) => add(parseServiceKey(key)),
    onTick: rolloutNews.tell,
  })
  const metadataOf = (resource: Resource) => () => watch.collection(kindId(resource.group, resource.kind))
  const sources = {
    watch,
    secrets: createObjectReader(client, resources.secrets, metadataOf(resources.secrets), secretFacts),
    configMaps: createObjectReader(
      client,
      resources.configMaps,
      metadataOf(resources.configMaps),
      leanFor(fieldManager),
    ),
  }
  const children = createChildren(watch, sources.configMaps, client)
  const context: ReconcileContext = {
    client,
    renderer: options.renderer ?? { render, observe },
    clock,
    log,
    controllerNamespace,
    sources,
    children: {
      ...children,
      remember: (resource, object) => {
        ownWrites.add(object)
        children.remember(resource, object)
      },
    },
    settings,
    settingsUse,
    turns,
    urgent,
    trace: options.trace,
    knative: () => knative.current(),
    capabilities,
    dependencies,
    settled: createSettledDrift(),
    news,
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

  const process = async (resource: Resource, key: string, signal: AbortSignal) => {
    const collection = watch.synced(kindId(resource.group, resource.kind))
    const known = collection?.get(nameOfKey(key))
    if (!collection || !known) return
    const text = serviceKeyText({ kind: resource.kind, key })
    const service = doubts.has(text) ? await confirmService(client, collection, known, signal) : known
    doubts.delete(text)
    if (!service) return
    if (service.metadata.deletionTimestamp !== undefined)
      return releaseFinalizers(client, resource, service, { log, signal })
    await reconcile(context, text, resource, service, signal)
  }
  const work = () => {
    const own = new Map(
      primaryResources.map((resource) => {
        const name = resource.kind.toLowerCase()
        const run = (key: string, signal: AbortSignal) => process(resource, key, signal)
        return [
          resource.kind,
          createWorkQueue({
            name,
            process: run,
            workers,
            clock,
            random,
            log,
            metrics: metrics.forQueue(name, workers),
          }),
        ]
      }),
    )
    queues = own
    settings.keepGood(true)
    addAll()
    for (const queue of own.values()) queue.start()
    const endTurns = turns.work()
    rolloutNews.begin(turns.counts)
    return async () => {
      endTurns()
      metrics.rollouts({ rolling: 0, waiting: 0, failed: [] })
      if (queues === own) {
        queues = undefined
        settings.keepGood(false)
      }
      await Promise.all([...own.values()].map((queue) => queue.close()))
    }
  }
  for (const { kind } of primaryResources) metrics.watchQueue(kind.toLowerCase(), () => queues?.get(kind))

  const start = async () => {
    await Promise.all([watch.started, settings.started])
    imageVolume = await readImageVolumes(client)
    reportCapabilities(watch, capabilities())
    isStarted = true
  }

  const started = start()
  return {
    started,
    work,
    admit: (request) =>
      admit(
        {
          sources,
          config: () => settings.config,
          capabilities,
          knative: () => knative.current(),
          controllerNamespace,
          known: (kind, namespace) => watch.collection(kindId('serving.kserve.io', kind))?.list(namespace) ?? [],
        },
        request,
      ),
    completePods: (request) =>
      completePods(
        {
          sources,
          config: () => settings.config,
          controllerNamespace,
          service: (namespace, name) =>
            watch
              .collection(kindId(serving.inferenceServices.group, serving.inferenceServices.kind))
              ?.get({ namespace, name }),
          started,
          clock,
        },
        request,
      ),
    longestRunSeconds: () =>
      Math.max(0, ...[...(queues?.values() ?? [])].map((queue) => queue.running().longestSeconds)),
    waitsFor: () => {
      const missing = [...watch.collections()].filter(([, one]) => !one.isSynced)
      const named = missing.map(([kind, one]) => (one.trouble ? `${kind.id} (${one.trouble.message})` : kind.id))
      return named.length > 0 ? `the first state of ${named.join(', ')}` : 'the API server'
    },
    close: async () => {
      settings.close()
      await watch.close()
    },
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

async function readImageVolumes(client: Client): Promise<boolean> {
  try {
    return hasImageVolumes((await client.request('GET', '/version')).body)
  } catch (error) {
    if (!isKubeError(error)) throw error
    return false
  }
}
