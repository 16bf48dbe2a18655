/**
 * The part of kubectl's JSONPath that CRD columns may use: `.spec.replicas`, `.metadata.annotations.a\.b`, `['x']`,
 * `[0]`, `[-1]`, `[*]`, and filters `[?(@.type=="Ready")].status`.
 */
type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly path: readonly Step[]; readonly operator: string; readonly value: unknown }

export type JsonPath = readonly Step[]

/** Longer paths are nobody's. */
const charactersMax = 2000

/** Parses a path; undefined where it is none. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (text.length > charactersMax) return undefined
  const steps: Step[] = []
  let rest = text.trim()
  if (rest.startsWith('$') || rest.startsWith('@')) rest = rest.slice(1)
  while (rest !== '') {
    const step = rest.startsWith('[') ? bracketStep(rest) : dotStep(rest)
    if (!step) return undefined
    if (step.step) steps.push(step.step)
    rest = rest.slice(step.length)
  }
  return steps
}

interface Found {
  readonly step: Step | undefined
  readonly length: number
}

function dotStep(rest: string): Found | undefined {
  const match = /^\.((?:\\.|[^.[\]\\])*)/.exec(rest)
  if (!match) return undefined
  const name = (match[1] ?? '').replace(/\\(.)/g, '$1')
  if (name === '') return rest.length === 1 || rest[1] === '[' ? { step: undefined, length: 1 } : undefined
  const step: Step = name === '*' ? { kind: 'all' } : { kind: 'field', name }
  return { step, length: match[0].length }
}

function bracketStep(rest: string): Found | undefined {
  const index = /^\[(-?\d{1,9})\]/.exec(rest)
  if (index) return { step: { kind: 'index', index: Number(index[1]) }, length: index[0].length }
  if (rest.startsWith('[*]')) return { step: { kind: 'all' }, length: 3 }
  const quoted = /^\[(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\]/.exec(rest)
  if (quoted) {
    const name = (quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1')
    return { step: { kind: 'field', name }, length: quoted[0].length }
  }
  const filter = /^\[\?\(\s*(@(?:\\.|[^=!<>\s()])*)\s*(?:(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|[^\s()]+)\s*)?\)\]/.exec(
    rest,
  )
  const path = filter ? parseJsonPath(filter[1] ?? '') : undefined
  if (!filter || !path) return undefined
  const value = filter[3] === undefined ? undefined : literal(filter[3])
  return { step: { kind: 'filter', path, operator: filter[2] ?? 'exists', value }, length: filter[0].length }
}

function literal(text: string): unknown {
  if (/^["']/.test(text)) return text.slice(1, -1)
  if (text === 'true' || text === 'false') return text === 'true'
  return Number.isNaN(Number(text)) ? text : Number(text)
}

/** Every value that a path leads to; missing keys lead nowhere. */
export function findJsonPath(path: JsonPath, root: unknown): readonly unknown[] {
  let values: readonly unknown[] = [root]
  for (const step of path) values = values.flatMap((value) => take(step, value))
  return values
}

function take(step: Step, value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return []
  switch (step.kind) {
    case 'field':
      return Object.hasOwn(value, step.name) ? [(value as Record<string, unknown>)[step.name]] : []
    case 'index': {
      const found: unknown = Array.isArray(value) ? value.at(step.index) : undefined
      return found === undefined ? [] : [found]
    }
    case 'all':
      return Array.isArray(value) ? value : Object.values(value)
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => matches(step, item)) : []
  }
}

function matches(step: Extract<Step, { kind: 'filter' }>, item: unknown): boolean {
  const [found] = findJsonPath(step.path, item)
  switch (step.operator) {
    case 'exists':
      return found !== undefined
    case '==':
      return found === step.value
    case '!=':
      return found !== step.value
    default:
      return compares(step.operator, found, step.value)
  }
}

function compares(operator: string, a: unknown, b: unknown): boolean {
  if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string')) return false
  const left = a as number
  const right = b as number
  switch (operator) {
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    default:
      return left >= right
  }
}
