import { type Step, textAt, valueAt } from './api-answer.ts'

const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g
const microTime = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/g
const time = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g
const clusterIp = /\b10\.96\.\d+\.\d+\b/g
const age = /^(\d+[smhd])+$/
/** Longer ones are cut before the suffix is added. */
const generatedPrefixMax = 58
const recordRevision = /(?<=in record \()\d+(?=\))/g
/** Refusals echo objects, kube-apiserver often as its own Go structs: how they are written means nothing. */
const echoedObject = /(Invalid value: )(?:"\{(?:[^"\\]|\\.)*"|\{.*?\}|"map\[.*?\]")(?=: )/g
/** What kube-apiserver adds to a refused change: a difference between Go structs. */
const structDifference = /\s*\n@@ [\s\S]*$/
/** kube-apiserver checks a definition with one version in an old form that is not served any more. */
const oldDefinitionForm = [
  [/spec\.validation\.openAPIV3Schema/g, 'spec.versions[0].schema.openAPIV3Schema'],
  [/(?<!\])(?<![\w.])spec\.(subresources|additionalPrinterColumns|selectableFields)/g, 'spec.versions[0].$1'],
] as const
const generatedSuffix = '[bcdfghjklmnpqrstvwxz2456789]{5}'

/**
 * A transcript without what no two servers share: an identity becomes the step where it first appeared, so that it still
 * shows where two are equal; times, ages, addresses and tokens become their names. `generateNames` are the prefixes that
 * servers were asked to complete.
 */
export function normalise(steps: readonly Step[], generateNames: readonly string[] = []): readonly Step[] {
  let current = 0
  const name = createNaming(() => current)
  const prefixes = generateNames.map((prefix) =>
    prefix.slice(0, generatedPrefixMax).replace(/[.^$*+?()[\]{}|\\]/g, '\\$&'),
  )
  const generated = prefixes.length > 0 ? new RegExp(`(?<=${prefixes.join('|')})${generatedSuffix}`, 'g') : undefined
  const text = (value: string): string =>
    oldDefinitionForm
      .reduce((here, [pattern, present]) => here.replace(pattern, present), value)
      .replace(structDifference, '')
      .replace(generated ?? /(?!)/, '<suffix>')
      .replace(uuid, (found) => name('uid', found))
      .replace(recordRevision, '…')
      .replace(echoedObject, '$1<object>')
      .replace(microTime, '<micro-time>')
      .replace(time, '<time>')
      .replace(clusterIp, '<cluster-ip>')
      .replace(/(?<=\b\d+:)3[0-2]\d{3}(?=\/(TCP|UDP))/g, '<node-port>')

  const walk = (value: unknown, path: readonly string[]): unknown => {
    const key = path.at(-1) ?? ''
    if (typeof value === 'string') {
      if (key === 'resourceVersion' && path.at(-2) === 'metadata') return revision(value, path)
      if (key === 'continue') return value === '' ? '' : '<continue>'
      if (path.at(-2) === 'cells' && age.test(value)) return '<age>'
      return text(value)
    }
    if (typeof value === 'number') return key.endsWith('odePort') && value >= 30_000 ? '<node-port>' : value
    if (Array.isArray(value)) {
      const items = value.map((item, index) => walk(item, [...path, String(index)]))
      if (key === 'causes') return byKey(items, (cause) => `${textAt(cause, 'field')}: ${textAt(cause, 'message')}`)
      if (key === 'managedFields') return byKey(items, ownerOf)
      return items
    }
    if (typeof value !== 'object' || value === null) return value
    const sorted = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1))
    const entries = sorted.map(([name, item]) => [name, walk(item, [...path, name])] as const)
    return withSortedCauses(Object.fromEntries(entries.map(([name, item]) => [text(name), item])))
  }

  /** A list's revision is the store's, which others move too. */
  const revision = (value: string, path: readonly string[]): string => {
    if (value === '' || value === '0') return value
    if (path.includes('bookmark')) return '<bookmark-rv>'
    const isObject = path.includes('items') || path.includes('objects') || !path.includes('list')
    return isObject ? name('rv', value) : '<list-rv>'
  }

  return steps.map(({ step, answer }, index) => {
    current = index + 1
    return { step, answer: walk(markBookmarks(markLists(answer)), []) }
  })
}

/** A bookmark's revision is the store's too. */
function markBookmarks(answer: unknown): unknown {
  if (!Array.isArray(answer)) return answer
  return answer.map((event: unknown) => (textAt(event, 'type') === 'BOOKMARK' ? { bookmark: event } : event))
}

/** Puts lists below a key of their own name, so that their revision is told from an object's. */
function markLists(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('body' in answer)) return answer
  const { body } = answer
  const kind = typeof body === 'object' && body !== null && 'kind' in body ? String(body.kind) : ''
  if (!kind.endsWith('List') && kind !== 'Table') return answer
  const { body: _moved, ...rest } = answer as { readonly body: unknown }
  return { ...rest, list: body }
}

/** Lists without a meaning in their order: what differs is then told entry by entry, and a repeated cause counts once. */
function byKey(items: readonly unknown[], keyOf: (item: unknown) => string): unknown {
  return Object.fromEntries(items.map((item) => [keyOf(item), item]))
}

const ownerOf = (entry: unknown): string =>
  ['manager', 'operation', 'apiVersion', 'subresource']
    .map((field) => textAt(entry, field))
    .join(' ')
    .trimEnd()

/** The message of a refusal with several causes strings them together, in an order that Go's maps choose. */
function withSortedCauses(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { message, details } = value
  if (typeof message !== 'string' || valueAt(details, 'causes') === undefined) return value
  return { ...value, message: message.replace(/ is invalid: \[[\s\S]*\]$/, ' is invalid: <causes>') }
}

/** Names an identity after where it was first seen: `<uid of 3>`, and `<uid of 3, 2nd>` for the next new one there. */
function createNaming(step: () => number): (what: string, value: string) => string {
  const known = new Map<string, string>()
  const counts = new Map<string, number>()
  return (what, value) => {
    const found = known.get(value)
    if (found !== undefined) return found
    const place = `${what} of ${step()}`
    const count = (counts.get(place) ?? 0) + 1
    counts.set(place, count)
    const label = count === 1 ? `<${place}>` : `<${place}, ${count}>`
    known.set(value, label)
    return label
  }
}
