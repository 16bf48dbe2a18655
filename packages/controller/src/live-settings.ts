import { isDeepStrictEqual } from 'node:util'
import { type ClusterConfig, configMapName, formatConfigFinding, parseConfig } from '@millrace/api'
import { type EventRecorder, type InformerSet, type KubeObject, type Log, resources } from '@millrace/kube'

/** The cluster's configuration as it is now. */
export interface LiveSettings {
  /** Resolves when the configuration has been looked for; it need not be there. */
  readonly started: Promise<void>
  readonly config: ClusterConfig
  /** What cannot be used of the configuration, as sentences. */
  readonly problems: readonly string[]
}

export interface LiveSettingsOptions {
  readonly informers: InformerSet
  readonly controllerNamespace: string
  readonly recorder: EventRecorder
  readonly log: Log
  /** Something that rendering depends on is different. */
  readonly onChange: () => void
  readonly onProblems: (count: number) => void
}

const eventFindingsMax = 5

/** Follows the ConfigMaps. What cannot be parsed keeps its last good value, and an event on the ConfigMap says where it is wrong. */
export function followSettings(options: LiveSettingsOptions): LiveSettings {
  const { informers, controllerNamespace, recorder, log } = options
  const own = informers.informer(resources.configMaps, {
    namespace: controllerNamespace,
    fieldSelector: `metadata.name=${configMapName}`,
  })
  let parsed = parseConfig(undefined)
  let isFound = false

  own.onChange((change) => {
    if (change.type === 'deleted') {
      // Somebody who deletes it to make it anew must not roll every service twice.
      log.warn('The configuration was deleted; the last one stays', {
        configMap: `${controllerNamespace}/${configMapName}`,
      })
      return
    }
    const next = parseConfig(textData(change.object), isFound ? parsed.config : undefined)
    const isSame = isFound && isDeepStrictEqual(next.config, parsed.config)
    const isSameComplaint = isDeepStrictEqual(next.findings, parsed.findings)
    parsed = next
    isFound = true
    if (!isSameComplaint) complain(change.object)
    options.onProblems(next.findings.filter(({ severity }) => severity === 'error').length)
    if (isSame) return
    log.info('The configuration is in effect', { resourceVersion: change.object.metadata.resourceVersion })
    options.onChange()
  })

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
    started: own.synced,
    get config() {
      return parsed.config
    },
    get problems() {
      return parsed.findings.map(formatConfigFinding)
    },
  }
}

function textData(configMap: KubeObject | undefined): Readonly<Record<string, string>> {
  const data: unknown = configMap?.['data']
  if (typeof data !== 'object' || data === null) return {}
  return Object.fromEntries(
    Object.entries(data).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
