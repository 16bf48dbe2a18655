import { type Informer, type InformerSet, isKubeError, type KubeObject, type Log, resources } from '@millrace/kube'
import { type Knative, knativeAutoscaler } from '@millrace/render'

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

const usualNamespace = 'knative-serving'
/** Knative's own manifests and its operator put it on all that they install. */
const partLabel = 'app.kubernetes.io/name'

/**
 * Follows `config-autoscaler` and `config-domain` in all namespaces and picks those of Knative: in the configured namespace,
 * else in that of the operator's object, else in `knative-serving`, else where Knative's label is on them.
 */
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
      const serving = pickServing(options.knativeServings(), knativeNamespace)
      const namespace = knativeNamespace ?? serving?.metadata.namespace
      const [scale, domains] = [autoscaler, domain].map((informer) => pick(informer.list(), namespace))
      const isMissing = !serving && !scale && autoscaler.isSynced && options.hasKnative()
      const sources = [serving, scale, domains, isMissing, autoscaler.trouble]
      if (resolved?.sources.every((source, index) => source === sources[index])) return resolved.knative
      const { autoscaler: settings, place, problems } = knativeAutoscaler({ knativeServing: serving, configMap: scale })
      const isForbidden = !scale && isKubeError(autoscaler.trouble, 'Forbidden')
      const why = isForbidden ? 'ConfigMap config-autoscaler may not be read.' : 'config-autoscaler was not found.'
      const isLost = settings.source === 'default' && (isMissing || isForbidden)
      tell([...problems, ...(isLost ? [`${why} Knative’s own defaults are used.`] : [])])
      const knative: Knative = {
        autoscaler: settings,
        ...(place === undefined ? {} : { autoscalerPlace: place }),
        ...(problems.length === 0 ? {} : { autoscalerProblems: problems }),
        domains: Object.keys(Object(domains?.['data'])).filter((key) => !key.startsWith('_')),
      }
      resolved = { sources, knative }
      options.onResolved(settings)
      return knative
    },
  }
}

function pickServing(all: readonly KubeObject[], namespace: string | undefined): KubeObject | undefined {
  const inNamespace = namespace === undefined ? all : all.filter(({ metadata }) => metadata.namespace === namespace)
  return [...inNamespace].sort(byNamespace)[0]
}

function pick(all: readonly KubeObject[], namespace: string | undefined): KubeObject | undefined {
  const at = (wanted: string) => all.find(({ metadata }) => metadata.namespace === wanted)
  if (namespace !== undefined) return at(namespace)
  const labelled = all.filter(({ metadata }) => metadata.labels?.[partLabel] === 'knative-serving')
  return at(usualNamespace) ?? [...labelled].sort(byNamespace)[0]
}

/** The usual namespace first, then by name: a stable choice among several. */
function byNamespace(a: KubeObject, b: KubeObject): number {
  const rank = ({ metadata: { namespace = '', name = '' } }: KubeObject) =>
    `${namespace === usualNamespace ? 0 : 1}${namespace}/${name}`
  return rank(a) < rank(b) ? -1 : 1
}
