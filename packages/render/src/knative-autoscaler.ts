import type { KubeObject } from '@millrace/kube'
import type { KnativeAutoscaler } from './capabilities.ts'

/** Knative Serving's own values where nothing is configured (its config-autoscaler documents them). */
const knativeDefaults: Omit<KnativeAutoscaler, 'source'> = {
  initialScale: 1,
  allowZeroInitialScale: false,
  minScale: 0,
  maxScale: 0,
  maxScaleLimit: 0,
}

export interface AutoscalerSources {
  /** operator.knative.dev KnativeServing, where the operator runs Knative. */
  readonly knativeServing?: KubeObject | undefined
  /** ConfigMap `config-autoscaler`. */
  readonly configMap?: KubeObject | undefined
}

export interface ResolvedAutoscaler {
  readonly autoscaler: KnativeAutoscaler
  /** The object that they were read from, as `ConfigMap knative-serving/config-autoscaler`. */
  readonly place: string | undefined
  /** One sentence for each value that could not be read; its default stands in. */
  readonly problems: readonly string[]
}

/**
 * The cluster's autoscaler settings: of the KnativeServing object where it has any, else of the ConfigMap, else Knative's
 * defaults. What the operator's object does not name it leaves to Knative's defaults, so the two are not mixed.
 */
export function knativeAutoscaler({ knativeServing, configMap }: AutoscalerSources): ResolvedAutoscaler {
  const config = field(field(knativeServing, 'spec'), 'config')
  // The operator takes the name of a ConfigMap with and without its prefix.
  const operator = textFields(field(config, 'autoscaler') ?? field(config, 'config-autoscaler'))
  if (knativeServing && operator) return { ...read('KnativeServing', operator), place: placeOf(knativeServing) }
  if (!configMap) return { autoscaler: { source: 'default', ...knativeDefaults }, place: undefined, problems: [] }
  return { ...read('config-autoscaler', textFields(configMap['data']) ?? {}), place: placeOf(configMap) }
}

function placeOf({ kind, metadata: { namespace, name } }: KubeObject): string {
  return [kind, [namespace, name].filter(Boolean).join('/')].filter(Boolean).join(' ')
}

function read(
  source: 'KnativeServing' | 'config-autoscaler',
  settings: Readonly<Record<string, string>>,
): Omit<ResolvedAutoscaler, 'place'> {
  const problems: string[] = []
  const count = (key: string, fallback: number): number => {
    const text = settings[key]
    if (text === undefined) return fallback
    const value = Number(text)
    if (/^\d+$/.test(text.trim()) && value <= 2 ** 31 - 1) return value
    problems.push(
      `${source}: ${key} is ${JSON.stringify(text)}, a whole number from 0 is expected; ${fallback} is used.`,
    )
    return fallback
  }
  const flag = (key: string, fallback: boolean): boolean => {
    const text = settings[key]
    if (text === undefined) return fallback
    if (/^(1|t|true)$/i.test(text.trim())) return true
    if (/^(0|f|false)$/i.test(text.trim())) return false
    problems.push(`${source}: ${key} is ${JSON.stringify(text)}, true or false is expected; ${fallback} is used.`)
    return fallback
  }
  const autoscaler: KnativeAutoscaler = {
    source,
    initialScale: count('initial-scale', knativeDefaults.initialScale),
    allowZeroInitialScale: flag('allow-zero-initial-scale', knativeDefaults.allowZeroInitialScale),
    minScale: count('min-scale', knativeDefaults.minScale),
    maxScale: count('max-scale', knativeDefaults.maxScale),
    maxScaleLimit: count('max-scale-limit', knativeDefaults.maxScaleLimit),
  }
  return { autoscaler, problems }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/** The fields of a map of texts; undefined where there is no map. The operator takes numbers and booleans as well. */
function textFields(value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, String(item)]))
}
