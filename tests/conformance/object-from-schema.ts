import type { CrdSchema } from '@millrace/api'
import type { SeededRandom } from '@millrace/testkit'

type Json = Record<string, unknown>

const fieldsTarget = 3
const depthMax = 9

/** A value that a CRD's schema accepts. Few fields are there, so that each has its turn over many objects. */
export function valueOf(schema: CrdSchema, random: SeededRandom, depth = 0): unknown {
  if (schema['x-kubernetes-int-or-string']) {
    return random.pick(schema.pattern ? [1, '500m', '2Gi', '1.5', '1e3', '-1'] : [1, '25%', 'http'])
  }
  if (schema.enum) return random.pick(schema.enum)
  if (schema['x-kubernetes-preserve-unknown-fields'] && !schema.properties) return { any: 1 }
  switch (schema.type) {
    case 'object':
      return objectOf(schema, random, depth)
    case 'array':
      return listOf(schema, random, depth)
    case 'integer':
    case 'number':
      return Math.min(schema.maximum ?? 99, Math.max(schema.minimum ?? 0, random.below(100)))
    case 'boolean':
      return random.chance(0.5)
    default:
      return textOf(schema, random)
  }
}

function textOf({ format, pattern = '' }: CrdSchema, random: SeededRandom): string {
  if (format === 'date-time') return '2026-01-31T12:00:00Z'
  const texts = ['a', 'b-c', 'http://d/e', '/mnt/f', 's3://b/m', 'TCP', '']
  return random.pick(texts.filter((text) => new RegExp(pattern).test(text)))
}

function objectOf(schema: CrdSchema, random: SeededRandom, depth: number): Json {
  const object: Json = {}
  if (schema.additionalProperties)
    object[random.pick(['k', 'a/b', 'x.y'])] = valueOf(schema.additionalProperties, random, depth + 1)
  const fields = Object.entries(schema.properties ?? {})
  const share = depth > depthMax ? 0 : fieldsTarget / Math.max(fields.length, fieldsTarget)
  for (const [name, field] of fields) {
    if (schema.required?.includes(name) || random.chance(share)) object[name] = valueOf(field, random, depth + 1)
  }
  return object
}

function listOf(schema: CrdSchema, random: SeededRandom, depth: number): unknown[] {
  const { items = {} } = schema
  const isSet = schema['x-kubernetes-list-type'] === 'set'
  const count = isSet ? 1 : Math.max(schema.minItems ?? 0, 1 + random.below(2))
  return Array.from({ length: count }, (_, index) => {
    const item = valueOf(items, random, depth + 1)
    for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
      const isNumber = items.properties?.[key]?.type === 'integer'
      if (!items.properties?.[key]?.enum) (item as Json)[key] = isNumber ? 1000 + index : `${key}${index}`
    }
    return item
  })
}

const odd: readonly unknown[] = [
  'text',
  7,
  true,
  1.5,
  -1,
  0,
  '',
  null,
  [],
  {},
  ['x'],
  [1],
  [[]],
  { x: 1 },
  [{ name: 'a' }, { name: 'a' }],
  '1',
  'true',
  '2026-01-31',
  '500m',
  'x y',
  'ÄÖ',
  101,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  1e21,
]
const changes = ['wrong', 'wrong', 'wrong', 'unknown', 'rename', 'drop', 'repeat', 'empty'] as const

/** A copy of an object with something changed in its spec, once or a few times. */
export function changed(object: Json, random: SeededRandom): Json {
  const copy = structuredClone(object)
  for (let count = random.pick([1, 1, 1, 2, 3]); count > 0; count -= 1) {
    const places = placesIn(copy['spec'])
    if (places.length > 0) change(random.pick(places), random)
  }
  return copy
}

interface PlaceToChange {
  readonly owner: Json | unknown[]
  readonly key: string
}

function placesIn(value: unknown): readonly PlaceToChange[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    { owner: value as Json | unknown[], key },
    ...placesIn(inner),
  ])
}

function change({ owner, key }: PlaceToChange, random: SeededRandom): void {
  const how = random.pick(changes)
  if (Array.isArray(owner)) {
    const index = Number(key)
    if (how === 'drop') owner.splice(index, 1)
    else if (how === 'repeat') owner.splice(index, 0, structuredClone(owner[index]))
    else owner[index] = structuredClone(random.pick(odd))
    return
  }
  switch (how) {
    case 'unknown':
      owner['unknownField'] = 1
      return
    case 'drop':
      delete owner[key]
      return
    case 'rename':
      owner[random.pick([`${key}x`, key.toLowerCase(), key.slice(0, -1) || 'z'])] = owner[key]
      delete owner[key]
      return
    case 'empty':
      owner[key] = Array.isArray(owner[key]) ? [] : typeof owner[key] === 'object' ? {} : ''
      return
    default:
      owner[key] = structuredClone(random.pick(odd))
  }
}
