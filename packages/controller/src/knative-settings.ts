import { type Informer, type InformerSet, isKubeError, type KubeObject, type Log, resources } from '@millrace/kube'
import { findKnativeSources, type Knative, knativeOf } from '@millrace/render'

/** Knative's settings as they are now, from local copies: resolved once for each state of their sources. */
export interface KnativeSettings {
  current(): Knative
}

export interface KnativeSettingsOptions {
  readonly informers: InformerSet
  /** Where Knative Serving is; absent: looked for. */
  readonly knativeNamespace?: string | undefined
  /** Objects of the Knative operator, where there are any. */
  readonly knativeServings: () => readonly KubeObject[]
  /** Without Knative nobody misses its settings. */
  readonly hasKnative: () => boolean
  readonly log: Log
  readonly onChange: () => void
  readonly onResolved: (autoscaler: Knative['autoscaler']) => void
}

/** Follows `config-autoscaler` and `config-domain` in all namespaces, or in the configured one, and picks those of Knative. */
export function followKnativeSettings(options: KnativeSettingsOptions): KnativeSettings {
  const { informers, knativeNamespace, log } = options
  const follow = (name: string): Informer => {
    const scope = knativeNamespace === undefined ? {} : { namespace: knativeNamespace }
    const informer = informers.informer(resources.configMaps, { ...scope, fieldSelector: `metadata.name=${name}` })
    informer.onChange(options.onChange)
    return informer
  }
  const autoscaler = follow('config-autoscaler')
  const domain = follow('config-domain')
  let resolved: { readonly sources: readonly unknown[]; readonly knative: Knative } | undefined
  let told = ''

  const tell = (problems: readonly string[]) => {
    const text = problems.join(' ')
    if (text !== told && text !== '') log.warn("Knative's autoscaler settings cannot be used", { because: text })
    told = text
  }
  return {
    current: () => {
      const found = findKnativeSources({
        knativeServings: options.knativeServings(),
        autoscalers: autoscaler.list(),
        domains: domain.list(),
        namespace: knativeNamespace,
      })
      const { knativeServing: serving, autoscaler: scale } = found
      const isMissing = !serving && !scale && autoscaler.isSynced && options.hasKnative()
      const sources = [serving, scale, found.domain, isMissing, autoscaler.trouble]
      if (resolved?.sources.every((source, index) => source === sources[index])) return resolved.knative
      const knative = knativeOf(found)
      const { autoscaler: settings, autoscalerProblems: problems = [] } = knative
      const isForbidden = !scale && isKubeError(autoscaler.trouble, 'Forbidden')
      const why = isForbidden ? 'ConfigMap config-autoscaler may not be read.' : 'config-autoscaler was not found.'
      const isLost = settings.source === 'default' && (isMissing || isForbidden)
      tell([...problems, ...(isLost ? [`${why} Knative’s own defaults are used.`] : [])])
      resolved = { sources, knative }
      options.onResolved(settings)
      return knative
    },
  }
}
