import type { Json } from './json.ts'
import type { Values } from './values.ts'

/**
 * A place in an object that people fill in. The plain files carry what `plain` gives for the values at hand; the chart
 * carries `template`, which Helm fills in. Both must come to the same: tests/deploy holds them to it.
 */
export type Slot = Scalar | Block | When | Each

interface Scalar {
  readonly slot: 'scalar'
  /** Helm template that prints one line of YAML. */
  readonly template: string
  readonly plain: (values: Values) => Json
}

/** A map or list as it stands in the values; its key is left out where it is empty. */
interface Block {
  readonly slot: 'block'
  /** Helm expression. */
  readonly from: string
  readonly plain: (values: Values) => Json
}

/** There only where a condition holds: the value of a key, or an entry of a list. */
interface When {
  readonly slot: 'when'
  /** Helm condition. */
  readonly test: string
  readonly holds: (values: Values) => boolean
  readonly what: Node
}

/** Entries of a list, or whole objects: one for each text of a list in the values, which is `.` in the templates inside. */
interface Each {
  readonly slot: 'each'
  /** Helm expression. */
  readonly over: string
  readonly texts: (values: Values) => readonly string[]
  readonly item: (text: string | Scalar) => Node
}

/** JSON with slots in it. */
export type Node = string | number | boolean | null | Slot | readonly Node[] | { readonly [key: string]: Node }

export function scalar(template: string, plain: (values: Values) => Json): Slot {
  return { slot: 'scalar', template, plain }
}

export function block(from: string, plain: (values: Values) => Json): Slot {
  return { slot: 'block', from, plain }
}

export function when(test: string, holds: (values: Values) => boolean, what: Node): Slot {
  return { slot: 'when', test, holds, what }
}

export function each(over: string, texts: Each['texts'], item: Each['item']): Slot {
  return { slot: 'each', over, texts, item }
}

/** The text that an `each` goes through, in its templates. */
export const itemText: Scalar = { slot: 'scalar', template: '. | quote', plain: () => '' }

export function isSlot(node: Node): node is Slot {
  return typeof node === 'object' && node !== null && 'slot' in node
}

export function isList(node: Node | Json): node is readonly Node[] {
  return Array.isArray(node)
}

/** The node with these values: nothing, or several where it stands in a list. */
export function resolveAll(node: Node, values: Values): readonly Json[] {
  if (!isSlot(node)) return [resolvePlain(node, values)]
  switch (node.slot) {
    case 'scalar':
      return [node.plain(values)]
    case 'block': {
      const value = node.plain(values)
      return isEmpty(value) ? [] : [value]
    }
    case 'when':
      return node.holds(values) ? resolveAll(node.what, values) : []
    case 'each':
      return node.texts(values).flatMap((text) => resolveAll(node.item(text), values))
  }
}

function resolvePlain(node: Exclude<Node, Slot>, values: Values): Json {
  if (isList(node)) return node.flatMap((item) => resolveAll(item, values))
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node).flatMap(([key, value]) =>
    resolveAll(value, values).map((resolved) => [key, resolved] as const),
  )
  return Object.fromEntries(entries)
}

function isEmpty(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
