import {
  type Change,
  type Client,
  type Clock,
  type EventRecorder,
  type InformerSet,
  isKubeError,
  leanFor,
  type Log,
  type Resource,
  resources,
} from '@millrace/kube'
import { type Capabilities, hasImageVolumes, type Knative, secretFacts } from '@millrace/render'
import { createCapabilityReport, liveCapabilities } from './capabilities.ts'
import { type Children, createChildren } from './children.ts'
import { type ClusterWatch, startClusterWatch } from './cluster-watch.ts'
import { fieldManager } from './field-manager.ts'
import type { GatherSources } from './gather.ts'
import { followKnativeSettings } from './knative-settings.ts'
import { followSettings, type LiveSettings } from './live-settings.ts'
import type { Metrics } from './metrics.ts'
import { createObjectReader } from './object-reader.ts'
import type { SettingsPart } from './settings-use.ts'
import { kindId, knativeServings, type WatchedKind, watchedKinds } from './watched-kinds.ts'

/** The cluster as it is now, from local copies: what is served, what is configured, what is there. */
export interface LiveCluster {
  readonly watch: ClusterWatch
  readonly settings: LiveSettings
  readonly sources: GatherSources
  readonly children: Children
  readonly capabilities: () => Capabilities
  readonly knative: () => Knative
  /** Resolves when everything that rendering depends on has been read once. */
  readonly started: Promise<void>
  /** Why `started` has not resolved, for people. */
  waitsFor(): string
  close(): Promise<void>
}

export interface LiveClusterOptions {
  readonly client: Client
  readonly controllerNamespace: string
  readonly namespaces?: readonly string[]
  /** Where Knative Serving is installed; absent: looked for. */
  readonly knativeNamespace?: string | undefined
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly metrics: Metrics
  readonly recorder: EventRecorder
  readonly informers: InformerSet
}

export interface ClusterNews {
  readonly onChange: (kind: WatchedKind, change: Change) => void
  /** These parts of the settings are different. */
  readonly onSettings: (parts: readonly SettingsPart[]) => void
  /** A kind has come or gone, after the start. */
  readonly onKinds: () => void
}

export function followCluster(options: LiveClusterOptions, news: ClusterNews): LiveCluster {
  const { client, controllerNamespace, clock, random, log, metrics, recorder, informers } = options
  let imageVolume = false
  let isStarted = false
  const reportCapabilities = createCapabilityReport(log, metrics.capability)

  const watch: ClusterWatch = startClusterWatch({
    client,
    kinds: watchedKinds(),
    ...(options.namespaces && { namespaces: options.namespaces }),
    ownNamespace: controllerNamespace,
    clock,
    random,
    log,
    onChange: news.onChange,
    onKindsChanged: () => {
      reportCapabilities(watch, capabilities())
      if (isStarted) news.onKinds()
    },
    onDiscovered: () => reportCapabilities(watch, capabilities()),
  })
  const capabilities = (): Capabilities => liveCapabilities(watch, imageVolume)
  const settings = followSettings({
    client,
    informers,
    controllerNamespace,
    recorder,
    clock,
    random,
    log,
    onChange: news.onSettings,
    onProblems: (count) => metrics.configProblems(count),
  })
  const knative = followKnativeSettings({
    informers,
    knativeNamespace: options.knativeNamespace,
    knativeServings: () => watch.collection(kindId(knativeServings.group, knativeServings.kind))?.list() ?? [],
    hasKnative: () => capabilities().knative,
    log,
    onChange: () => news.onSettings(['knative']),
    onResolved: ({ source }) => metrics.autoscalerSettings(source),
  })
  const start = async () => {
    await Promise.all([watch.started, settings.started])
    imageVolume = await readImageVolumes(client)
    reportCapabilities(watch, capabilities())
    isStarted = true
  }
  const sources = readersOf(client, watch)
  return {
    watch,
    settings,
    sources,
    children: createChildren(watch, sources.configMaps, client),
    capabilities,
    knative: () => knative.current(),
    started: start(),
    waitsFor: () => waitingText(watch),
    close: async () => {
      settings.close()
      await watch.close()
    },
  }
}

/** Of Secrets and ConfigMaps the names are followed; what they hold is read when it is asked for. */
function readersOf(client: Client, watch: ClusterWatch): GatherSources {
  const namesOf = (resource: Resource) => () => watch.collection(kindId(resource.group, resource.kind))
  const { secrets, configMaps } = resources
  return {
    watch,
    secrets: createObjectReader(client, secrets, namesOf(secrets), secretFacts),
    configMaps: createObjectReader(client, configMaps, namesOf(configMaps), leanFor(fieldManager)),
  }
}

function waitingText(watch: ClusterWatch): string {
  const missing = [...watch.collections()].filter(([, one]) => !one.isSynced)
  const named = missing.map(([kind, one]) => (one.trouble ? `${kind.id} (${one.trouble.message})` : kind.id))
  if (named.length > 0) return `the first state of ${named.join(', ')}`
  return watch.trouble ? `the API server (${watch.trouble.message})` : 'the API server'
}

async function readImageVolumes(client: Client): Promise<boolean> {
  try {
    return hasImageVolumes((await client.request('GET', '/version')).body)
  } catch (error) {
    if (!isKubeError(error)) throw error
    return false
  }
}
