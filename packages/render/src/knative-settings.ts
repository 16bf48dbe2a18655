import type { KubeObject } from '@millrace/kube'
import type { Knative } from './capabilities.ts'
import { knativeAutoscaler } from './knative-autoscaler.ts'

/** Everything in a cluster that may hold Knative's settings. */
export interface KnativeCandidates {
  /** Objects of the Knative operator, where there are any. */
  readonly knativeServings: readonly KubeObject[]
  /** ConfigMaps `config-autoscaler` of all namespaces. */
  readonly autoscalers: readonly KubeObject[]
  /** ConfigMaps `config-domain` of all namespaces. */
  readonly domains: readonly KubeObject[]
  /** Where Knative Serving is; absent: looked for. */
  readonly namespace?: string | undefined
}

/** Those of them that are Knative's. */
export interface KnativeSources {
  readonly knativeServing: KubeObject | undefined
  readonly autoscaler: KubeObject | undefined
  readonly domain: KubeObject | undefined
}

const usualNamespace = 'knative-serving'
/** Knative's own manifests and its operator put it on all that they install. */
const partLabel = 'app.kubernetes.io/name'

/**
 * Picks Knative's settings: in the configured namespace, else in that of the operator's object, else in `knative-serving`,
 * else where Knative's label is on them.
 */
export function findKnativeSources(candidates: KnativeCandidates): KnativeSources {
  const knativeServing = pickServing(candidates.knativeServings, candidates.namespace)
  const namespace = candidates.namespace ?? knativeServing?.metadata.namespace
  return {
    knativeServing,
    autoscaler: pick(candidates.autoscalers, namespace),
    domain: pick(candidates.domains, namespace),
  }
}

/** What they say. */
export function knativeOf({ knativeServing, autoscaler: configMap, domain }: KnativeSources): Knative {
  const { autoscaler, place, problems } = knativeAutoscaler({ knativeServing, configMap })
  return {
    autoscaler,
    ...(place === undefined ? {} : { autoscalerPlace: place }),
    ...(problems.length === 0 ? {} : { autoscalerProblems: problems }),
    domains: Object.keys(Object(domain?.['data'])).filter((key) => !key.startsWith('_')),
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
