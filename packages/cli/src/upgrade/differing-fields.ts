import { parseQuantity } from '@millrace/api'

export interface FieldChange {
  readonly path: string
  readonly from: unknown
  readonly to: unknown
}

/**
 * Where what would be written differs from what is there; what is missing altogether is one difference, however much is in
 * it. Fields that only the live object has are left alone by server-side apply.
 */
export function differingFields(wanted: unknown, live: unknown, path = ''): readonly FieldChange[] {
  if (live === undefined && path !== '') return saysNothing(wanted) ? [] : [{ path, from: live, to: wanted }]
  if (isRecord(wanted)) {
    const there = isRecord(live) ? live : {}
    return Object.entries(wanted).flatMap(([field, value]) =>
      differingFields(value, there[field], path === '' ? field : `${path}.${field}`),
    )
  }
  if (Array.isArray(wanted)) {
    const there: readonly unknown[] = Array.isArray(live) ? live : []
    return wanted.flatMap((item, index) => {
      const key = keyOf(item)
      const other = key === undefined ? there[index] : there.find((candidate) => keyOf(candidate) === key)
      return differingFields(item, other, `${path}[${key ?? index}]`)
    })
  }
  return isSame(wanted, live) ? [] : [{ path, from: live, to: wanted }]
}

/** Lists of pods are kept by name, mount path or port. */
function keyOf(item: unknown): string | undefined {
  if (!isRecord(item)) return undefined
  const key = item.name ?? item.mountPath ?? item.containerPort
  return typeof key === 'string' || typeof key === 'number' ? String(key) : undefined
}

/** Amounts may be spelled in several ways. */
function isSame(wanted: unknown, live: unknown): boolean {
  if (wanted === live) return true
  if (live === undefined || live === null) return wanted === '' || wanted === 0 || wanted === false || wanted === null
  if (String(wanted) === String(live)) return true
  const amount = parseQuantity(String(wanted))
  return amount !== undefined && amount === parseQuantity(String(live))
}

/** An empty value, however deep, is what an absent field means. */
function saysNothing(wanted: unknown): boolean {
  if (typeof wanted === 'object' && wanted !== null) return Object.values(wanted).every(saysNothing)
  return isSame(wanted, undefined)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
