import { isDeepStrictEqual } from 'node:util'
import { type ClusterConfig, configMapName, formatConfigFinding, parseConfig, type ParsedConfig } from '@millrace/api'
import {
  type Client,
  type Clock,
  type EventRecorder,
  type InformerSet,
  type KubeObject,
  type Log,
  resources,
} from '@millrace/kube'
import { lastGoodSettings, textData } from './last-good-settings.ts'

/** The cluster's configuration as it is now. */
export interface LiveSettings {
  /** Resolves when the configuration has been looked for; it need not be there. */
  readonly started: Promise<void>
  readonly config: ClusterConfig
  /** Whether what has no mistake is kept for the next start: the one who works does so. */
  keepGood(isWanted: boolean): void
  /** What cannot be used of the configuration, as sentences. */
  readonly problems: readonly string[]
  close(): void
}

export interface LiveSettingsOptions {
  readonly client: Client
  readonly informers: InformerSet
  readonly controllerNamespace: string
  readonly recorder: EventRecorder
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  /** These keys are different. */
  readonly onChange: (changed: readonly (keyof ClusterConfig)[]) => void
  readonly onProblems: (count: number) => void
}

const eventFindingsMax = 5

/**
 * Follows the ConfigMap. What cannot be used of it keeps its last good value, also over a restart, and an event on the
 * ConfigMap says where it is wrong.
 */
export function followSettings(options: LiveSettingsOptions): LiveSettings {
  const { informers, controllerNamespace, recorder, log } = options
  const own = informers.informer(resources.configMaps, {
    namespace: controllerNamespace,
    fieldSelector: `metadata.name=${configMapName}`,
  })
  const ended = new AbortController()
  const lastGood = lastGoodSettings({ ...options, namespace: controllerNamespace, signal: ended.signal })
  let parsed = parseConfig(undefined)
  let isFound = false
  /** Without a mistake, and not yet kept. */
  let good: Readonly<Record<string, string>> | undefined
  let keepsGood = false
  /** One look after the other: the first may have to ask what was good before. */
  let looking: Promise<void> = Promise.resolve()

  own.onChange((change) => {
    if (change.type === 'deleted') {
      // Somebody who deletes it to make it anew must not roll every service twice.
      log.warn('The configuration was deleted; the last one stays', {
        configMap: `${controllerNamespace}/${configMapName}`,
      })
      return
    }
    if (isFound) look(change.object, parsed.config)
    else looking = looking.then(() => lookFirst(change.object))
  })

  const lookFirst = async (configMap: KubeObject) => {
    const isBroken = hasErrors(parseConfig(textData(configMap)))
    const before = isBroken && !isFound ? await lastGood.read() : undefined
    look(configMap, isFound ? parsed.config : before && parseConfig(before).config)
  }

  /** It was deleted before this start: as if it had been while we ran. */
  const lookWithout = async () => {
    const before = isFound ? undefined : await lastGood.read()
    if (!before || isFound) return
    parsed = { config: parseConfig(before).config, findings: [] }
    isFound = true
    log.warn('The configuration is missing; the last good one stays', {
      configMap: `${controllerNamespace}/${configMapName}`,
    })
  }

  const look = (configMap: KubeObject, before: ClusterConfig | undefined) => {
    const data = textData(configMap) ?? {}
    const next = parseConfig(data, before)
    const changed = differingKeys(parsed.config, next.config)
    const isFirst = !isFound
    const isSameComplaint = isDeepStrictEqual(next.findings, parsed.findings)
    parsed = next
    isFound = true
    if (!isSameComplaint) complain(configMap)
    options.onProblems(next.findings.filter(({ severity }) => severity === 'error').length)
    good = hasErrors(next) ? good : data
    keepGood()
    if (changed.length === 0 && !isFirst) return
    log.info('The configuration is in effect', { resourceVersion: configMap.metadata.resourceVersion, changed })
    options.onChange(changed)
  }

  const keepGood = () => {
    if (!keepsGood || !good) return
    lastGood.keep(good)
    good = undefined
  }

  const complain = (configMap: KubeObject) => {
    const sentences = parsed.findings.map(formatConfigFinding)
    for (const sentence of sentences) log.warn('The configuration has a mistake', { finding: sentence })
    const errors = parsed.findings.filter(({ severity }) => severity === 'error').map(formatConfigFinding)
    if (errors.length === 0) return
    const more = errors.length > eventFindingsMax ? ` (and ${errors.length - eventFindingsMax} more)` : ''
    const message = `${errors.slice(0, eventFindingsMax).join('; ')}${more}`
    recorder.record(configMap, { type: 'Warning', reason: 'InvalidConfiguration', message })
  }

  return {
    started: own.synced.then(() => (looking = looking.then(lookWithout))),
    get config() {
      return parsed.config
    },
    keepGood: (isWanted) => {
      keepsGood = isWanted
      keepGood()
    },
    close: () => ended.abort(),
    get problems() {
      return parsed.findings.map(formatConfigFinding)
    },
  }
}

function differingKeys(before: ClusterConfig, after: ClusterConfig): readonly (keyof ClusterConfig)[] {
  const keys = Object.keys(after) as (keyof ClusterConfig)[]
  return keys.filter((key) => !isDeepStrictEqual(before[key], after[key]))
}

function hasErrors({ findings }: ParsedConfig): boolean {
  return findings.some(({ severity }) => severity === 'error')
}
