import type { CelNode } from './cel-node.ts'

interface RawError {
  readonly code?: unknown
  readonly summary?: unknown
  readonly message?: unknown
  readonly node?: CelNode
  readonly range?: { readonly start?: number }
}

/** The library's sentences, and cel-go's for the same. */
const sentences: readonly (readonly [RegExp, string])[] = [
  [/^No such key: index out of bounds, index (\d+) >= size \d+$/, 'index out of bounds: $1'],
  [/^(?:List elements must have the same type|Map value uses wrong type), (expected type .*)$/, '$1'],
  [/^integer overflow: .*$/, 'integer overflow'],
  [/^modulo by zero$/, 'modulus by zero'],
  [/^Optional value is not present$/, 'optional.none() dereference'],
]

/** What went wrong in an evaluation, as Kubernetes words it: `no such key: replicas`. */
export function celErrorText(error: unknown): string {
  const { summary, message, code } = error as RawError
  const raw = String(summary ?? message ?? error)
    .replaceAll('matchesInLinearTime', 'matches')
    .replace(/\bT\d+\b/g, 'object')
  for (const [pattern, text] of sentences) if (pattern.test(raw)) return raw.replace(pattern, text)
  const isOurs = code === undefined || code === 'evaluation_error'
  return isOurs ? raw : raw.charAt(0).toLowerCase() + raw.slice(1)
}

/** Where and what, with the expression and a mark below, as cel-go shows it. */
export function compilationError(error: unknown, expression: string): string {
  const { text, at } = located(error as RawError, expression)
  const before = expression.slice(0, at).split('\n')
  const line = expression.split('\n')[before.length - 1] ?? ''
  const column = before.at(-1)?.length ?? 0
  return `compilation failed: ERROR: <input>:${before.length}:${column + 1}: ${text}\n | ${line}\n | ${'.'.repeat(column)}^`
}

function located(error: RawError, expression: string): { text: string; at: number } {
  const text = celErrorText(error)
  const { node } = error
  const at = error.range?.start ?? 0
  const key = /^no such key: (\S+)$/.exec(text)
  if (key) return { text: `undefined field '${key[1]}'`, at: Math.max(0, at - 1) }
  const name = /^unknown variable: (\S+)$/.exec(text)
  if (name) return { text: `undeclared reference to '${name[1]}' (in container '')`, at }
  const binary = /^no such overload: (\S.*) (\S+) (.+)$/.exec(text)
  if (binary && node) {
    const [, left, operator = '', right] = binary
    const mangled = operator === 'in' ? '@in' : `_${operator}_`
    return { text: noOverload(mangled, `${left}, ${right}`), at: operatorPosition(node, operator, expression) }
  }
  const unary = /^no such overload: ([!-])(.+)$/.exec(text)
  if (unary) return { text: noOverload(`${unary[1]}_`, unary[2] ?? ''), at }
  const call = /^found no matching overload for '(?:.*\.)?(\w+)\((.*)\)'$/.exec(text)
  if (call && node?.op === 'rcall') return { text, at: callPosition(node, expression) }
  return { text, at }
}

const noOverload = (name: string, types: string): string =>
  `found no matching overload for '${name}' applied to '(${types})'`

function operatorPosition(node: CelNode, operator: string, expression: string): number {
  const [left] = Array.isArray(node.args) ? (node.args as readonly CelNode[]) : []
  const found = expression.indexOf(operator, left?.end ?? node.start ?? 0)
  return found < 0 ? (node.start ?? 0) : found
}

/** cel-go points at the parenthesis after the function's name. */
function callPosition(node: CelNode, expression: string): number {
  const [, receiver] = node.args as readonly [string, CelNode]
  const found = expression.indexOf('(', receiver.end ?? node.start ?? 0)
  return found < 0 ? (node.start ?? 0) : found
}
