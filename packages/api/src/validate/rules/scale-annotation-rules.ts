import { knativeKeys } from '../../wire-keys.ts'
import type { Reporter } from '../check-context.ts'

type Path = readonly (string | number)[]
type Annotations = Readonly<Record<string, string>> | undefined

/** Where the bounds of one component or graph may stand. */
export interface ScaleBounds {
  readonly path: Path
  /** Annotations of the service or graph. */
  readonly service: Annotations
  /** Annotations of the component, which win. */
  readonly component?: Annotations
  readonly minReplicas?: number | undefined
  readonly maxReplicas?: number | undefined
}

/** A whole number of replicas that fits Knative's int32. Undefined: it is none. */
export function parseScale(text: string | undefined): number | undefined {
  const value = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined
  return value !== undefined && value < 2 ** 31 ? value : undefined
}

/** Knative's bounds, written as annotations, in Knative mode. That Standard mode reads none says the table of modes. */
export function checkScaleAnnotations(annotations: Annotations, path: Path, report: Reporter): void {
  for (const key of [knativeKeys.minScale, knativeKeys.maxScale, knativeKeys.initialScale]) {
    const value = annotations?.[key]
    if (value === undefined || parseScale(value) !== undefined) continue
    const message = `${JSON.stringify(value)} is no number of replicas: write a whole number from 0 on`
    report.error([...path, 'annotations', key], 'scale-annotation', message, { value })
  }
}

interface Bound {
  readonly value: number
  readonly place: Path
}

/** In Knative mode: neither the minimum nor the initial scale may be above the maximum, wherever each of them stands. */
export function checkScaleBounds(bounds: ScaleBounds, report: Reporter): void {
  const min = annotated(bounds, knativeKeys.minScale) ?? spelled(bounds, 'minReplicas')
  const max = annotated(bounds, knativeKeys.maxScale) ?? spelled(bounds, 'maxReplicas')
  const initial = annotated(bounds, knativeKeys.initialScale)
  if (!max || max.value === 0) return
  const isBySpec = (bound: Bound) => bound.place.includes('minReplicas') || bound.place.includes('maxReplicas')
  // Two fields of the spec are compared in every mode (`minOverMax` in the schema).
  if (min && !(isBySpec(min) && isBySpec(max)) && min.value > max.value) {
    report.error(min.place, 'min-over-max', over(min, max), { value: min.value })
  }
  if (initial && initial.value > max.value) {
    report.error(initial.place, 'initial-over-max', over(initial, max), { value: initial.value })
  }
}

function over(low: Bound, max: Bound): string {
  return `is ${low.value}, more than the maximum of ${max.value} (${String(max.place.at(-1))}): lower one or raise the other`
}

function annotated({ path, service, component }: ScaleBounds, key: string): Bound | undefined {
  for (const [annotations, place] of [[component, path] as const, [service, ['metadata']] as const]) {
    const value = parseScale(annotations?.[key])
    if (value !== undefined) return { value, place: [...place, 'annotations', key] }
  }
  return undefined
}

function spelled(bounds: ScaleBounds, field: 'minReplicas' | 'maxReplicas'): Bound | undefined {
  const value = bounds[field]
  return value === undefined ? undefined : { value, place: [...bounds.path, field] }
}
