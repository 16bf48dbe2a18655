export interface ChangedField {
  readonly path: string
  /** Undefined: it is not there. */
  readonly from: unknown
  readonly to: unknown
}

/** Where two values differ, as deep as both have the same shape. Items of lists are matched by name where they have one. */
export function changedFields(from: unknown, to: unknown, path = ''): readonly ChangedField[] {
  if (isRecord(from) && isRecord(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])]
    return names.flatMap((name) => changedFields(from[name], to[name], path === '' ? name : `${path}.${name}`))
  }
  if (Array.isArray(from) && Array.isArray(to)) {
    const keys = [...new Set([...from.map(keyOf), ...to.map(keyOf)])]
    return keys.flatMap((key) => changedFields(itemOf(from, key), itemOf(to, key), `${path}[${key}]`))
  }
  return Object.is(from, to) ? [] : [{ path, from, to }]
}

function keyOf(item: unknown, index: number): string {
  const name: unknown = Object(item).name
  return typeof name === 'string' ? name : String(index)
}

function itemOf(list: readonly unknown[], key: string): unknown {
  return list.find((item, index) => keyOf(item, index) === key)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
