import type { TableColumn } from './table-printer.ts'

type Json = Readonly<Record<string, unknown>>

/** Column definitions from `Name:type[:format], …`, with `+` in front for columns that only `-o wide` shows. */
export function columns(...specs: readonly string[]): readonly TableColumn[] {
  return specs
    .join(', ')
    .split(', ')
    .map((spec) => {
      const isWide = spec.startsWith('+')
      const [name = '', type = 'string', format = ''] = (isWide ? spec.slice(1) : spec).split(':')
      return { name, type: type as TableColumn['type'], format, description: '', priority: isWide ? 1 : 0 }
    })
}

/** The value at a path of names and positions; undefined where anything on the way is missing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let current = value
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return undefined
    current = (current as Record<string | number, unknown>)[step]
  }
  return current
}

export function text(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path)
  return found === undefined || found === null ? '' : String(found)
}

export function count(value: unknown, ...path: readonly (string | number)[]): number {
  const found = at(value, ...path)
  return typeof found === 'number' ? found : 0
}

export function items(value: unknown, ...path: readonly (string | number)[]): readonly Json[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found.filter((item): item is Json => typeof item === 'object' && item !== null) : []
}

export function strings(value: unknown, ...path: readonly (string | number)[]): readonly string[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found.map(String) : []
}

/** How long ago a time was, as kubectl shows ages: `5d3h`; `<unknown>` where there is none. */
export function since(time: unknown, nowMs: number): string {
  const ms = typeof time === 'string' ? Date.parse(time) : Number.NaN
  return Number.isNaN(ms) ? '<unknown>' : humanDuration(nowMs - ms)
}

export function age(object: unknown, nowMs: number): string {
  return since(at(object, 'metadata', 'creationTimestamp'), nowMs)
}

/** A duration in two or three significant figures: `90s`, `3m20s`, `5h`, `2d4h`, `3y20d`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  if (seconds < -1) return '<invalid>'
  if (ms < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(seconds / 60)
  if (minutes < 10) return joined(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(minutes / 60)
  if (hours < 8) return joined(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (hours < 192) return joined(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  const years = Math.trunc(days / 365)
  return days < 2920 ? joined(years, 'y', days % 365, 'd') : `${years}y`
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`
}

/** `a=b,c=d`, or `<none>`. */
export function labelsText(labels: unknown): string {
  if (typeof labels !== 'object' || labels === null) return '<none>'
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

const operators: Readonly<Record<string, string>> = { In: 'in', NotIn: 'notin' }

/** A LabelSelector as kubectl writes it: `a=b,c in (d,e),!f`; `empty` where it selects everything. */
export function selectorText(selector: unknown, empty: string): string {
  if (selector === undefined || selector === null) return empty
  const labels = at(selector, 'matchLabels')
  const equal = Object.entries(labels ?? {}).map(([key, value]) => ({ key, text: `${key}=${String(value)}` }))
  const other = items(selector, 'matchExpressions').map((expression) => {
    const key = text(expression, 'key')
    const operator = text(expression, 'operator')
    if (operator === 'Exists') return { key, text: key }
    if (operator === 'DoesNotExist') return { key, text: `!${key}` }
    const values = [...strings(expression, 'values')].sort().join(',')
    return { key, text: `${key} ${operators[operator] ?? operator} (${values})` }
  })
  const all = [...equal, ...other].sort((a, b) => (a.key < b.key ? -1 : 1))
  return all.length === 0 ? empty : all.map((item) => item.text).join(',')
}

/** Names and images of containers, each in one cell. */
export function containerCells(podSpec: unknown): [string, string] {
  const containers = items(podSpec, 'containers')
  return [
    containers.map((container) => text(container, 'name')).join(','),
    containers.map((container) => text(container, 'image')).join(','),
  ]
}

/** The first few of a list and how many more there are. */
export function withMore(list: readonly string[], max: number, empty: string): string {
  if (list.length === 0) return empty
  const shown = list.slice(0, max).join(',')
  return list.length > max ? `${shown} + ${list.length - max} more...` : shown
}

export function conditionStatus(object: unknown, type: string): string {
  return text(
    items(object, 'status', 'conditions').find((condition) => condition.type === type),
    'status',
  )
}
