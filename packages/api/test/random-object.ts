import { mergeKeys } from '../src/schema/merge-keys.ts'
import { resolve, type SchemaData } from '../src/schema/schema.ts'

/** A generator of numbers from 0 to 1 that always gives the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const quantities = [1, '500m', '2Gi', '1.5', '1e3', '.5']
const fieldsTarget = 3

/**
 * A value that `schema` accepts. Few of the fields are there, fewer the deeper it goes, so that objects stay small and
 * every field has its turn over many of them.
 */
export function randomValue(schema: SchemaData, random: () => number, depth = 0): unknown {
  const full = resolve(schema)
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  if (full.quantity) return pick(quantities)
  if (full.intOrString) return pick([1, '25%'])
  if (full.enum) return pick(full.enum)
  if (full.known) return pick(full.known)
  switch (full.type) {
    case 'object':
      return randomObject(full, random, depth)
    case 'array':
      return randomList(full, random, depth)
    case 'integer':
    case 'number':
      return Math.max(full.minimum ?? 0, Math.floor(random() * 100))
    case 'boolean':
      return random() < 0.5
    default:
      if (full.format === 'date-time') return '2026-01-31T12:00:00Z'
      return pick(['a', 'b-c', 'http://d/e', '/mnt/f'].filter((text) => new RegExp(full.pattern ?? '').test(text)))
  }
}

function randomObject(schema: SchemaData, random: () => number, depth: number): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  if (schema.values) out[random() < 0.5 ? 'k' : 'k/x'] = randomValue(schema.values, random, depth + 1)
  const fields = Object.entries(schema.properties ?? {})
  const share = depth > 8 ? 0 : fieldsTarget / Math.max(fields.length, fieldsTarget)
  for (const [name, field] of fields) {
    if (schema.required?.includes(name) || random() < share) out[name] = randomValue(field, random, depth + 1)
  }
  const [name, field] = fields[Math.floor(random() * fields.length)] ?? []
  if (schema.minProperties && Object.keys(out).length === 0 && name !== undefined && field) {
    out[name] = randomValue(field, random, depth + 1)
  }
  return out
}

function randomList(schema: SchemaData, random: () => number, depth: number): unknown[] {
  const count = Math.max(schema.minItems ?? 0, 1 + Math.floor(random() * 2))
  const keys = mergeKeys(schema) ?? []
  const isSet = schema.listType === 'set'
  return Array.from({ length: isSet ? 1 : count }, (_, index) => {
    const item = randomValue(schema.items ?? {}, random, depth + 1)
    for (const key of keys) distinguish(item, key, index)
    return item
  })
}

/** Gives a list map's item a key of its own. */
function distinguish(item: unknown, key: string, index: number): void {
  const record = item as Record<string, unknown>
  record[key] = typeof record[key] === 'number' ? 1000 + index : `${key.toLowerCase()}${index}`
}

export type Change = 'wrong' | 'unknown' | 'rename' | 'drop' | 'dup' | 'null'

export interface Changed {
  readonly value: unknown
  readonly change: Change
  readonly path: string
}

const replacements: readonly unknown[] = ['str', 7, true, [], {}, ['x'], { x: 1 }, 1.5, -1, '']

/** A copy of `value` with one thing changed somewhere below `root`. */
export function changeSomething(value: unknown, root: readonly string[], random: () => number): Changed {
  const copy: unknown = structuredClone(value)
  const places: { readonly owner: Record<string, unknown> | unknown[]; readonly key: string; readonly path: string }[] =
    []
  const walk = (at: unknown, path: string): void => {
    if (typeof at !== 'object' || at === null) return
    for (const [key, inner] of Object.entries(at)) {
      const place = path === '' ? key : `${path}.${key}`
      if (root.some((each) => place.startsWith(each) && place !== each)) {
        places.push({ owner: at as Record<string, unknown>, key, path: place })
      }
      walk(inner, place)
    }
  }
  walk(copy, '')
  const place = places[Math.floor(random() * places.length)]
  if (!place) throw new Error('nothing to change')
  const changes: readonly Change[] = ['wrong', 'wrong', 'wrong', 'unknown', 'rename', 'drop', 'dup', 'null']
  const change = changes[Math.floor(random() * changes.length)] ?? 'wrong'
  apply(place.owner, place.key, change, random)
  return { value: copy, change, path: place.path }
}

function apply(owner: Record<string, unknown> | unknown[], key: string, change: Change, random: () => number): void {
  if (Array.isArray(owner)) {
    const index = Number(key)
    if (change === 'drop') owner.splice(index, 1)
    else if (change === 'dup') owner.splice(index, 0, structuredClone(owner[index]))
    else owner[index] = change === 'null' ? null : replacements[Math.floor(random() * replacements.length)]
    return
  }
  if (change === 'unknown') owner['unknownField'] = 1
  else if (change === 'drop') delete owner[key]
  else if (change === 'null') owner[key] = null
  else if (change === 'rename') {
    owner[`${key}x`] = owner[key]
    delete owner[key]
  } else owner[key] = replacements[Math.floor(random() * replacements.length)]
}
