/** Pipelines of Go's text/template: `.Labels.team | printf "%s-x"`, `index .Annotations "a/b"`, `eq .Name "x"`. */

export class TemplateError extends Error {}

/** A map, whose absent keys are the empty text; or a struct (`structure`), where an absent field is an error. */
export type Scope = Readonly<Record<string, unknown>>

type Token =
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'mark'; readonly mark: '(' | ')' | '|' }

const structures = new WeakSet<object>()

/** Marks an object as a struct: asking it for a field that it has not is a mistake in the template. */
export function structure<T extends Scope>(fields: T): T {
  structures.add(fields)
  return fields
}

export function evaluatePipeline(source: string, dot: unknown): unknown {
  const tokens = tokenize(source)
  const reader = { tokens, at: 0 }
  const value = pipeline(reader, dot)
  if (reader.at < tokens.length) throw new TemplateError(`unexpected text in {{${source}}}`)
  return value
}

export function isTruthy(value: unknown): boolean {
  if (value === undefined || value === null) return false
  if (Array.isArray(value)) return value.length > 0
  if (typeof value === 'object') return Object.keys(value).length > 0
  return Boolean(value)
}

export function textOf(value: unknown): string {
  if (value === undefined || value === null) return '<no value>'
  if (Array.isArray(value)) return `[${value.map(textOf).join(' ')}]`
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `map[${entries.map(([key, item]) => `${key}:${textOf(item)}`).join(' ')}]`
  }
  return String(value)
}

interface Reader {
  readonly tokens: readonly Token[]
  at: number
}

const tokenPattern =
  /\s*(?:(\$?\.(?:[\p{L}_][\p{L}\p{N}_]*)?(?:\.[\p{L}_][\p{L}\p{N}_]*)*)|("(?:[^"\\]|\\.)*")|`([^`]*)`|(-?\d+(?:\.\d+)?)|([\p{L}_][\p{L}\p{N}_]*)|([()|]))/uy

function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < source.trimEnd().length) {
    const found = tokenPattern.exec(source)
    if (!found) throw new TemplateError(`cannot read {{${source}}}`)
    const [, field, quoted, raw, number, word, mark] = found
    if (field !== undefined) tokens.push({ kind: 'field', path: field.replace('$', '').split('.').filter(Boolean) })
    else if (quoted !== undefined) tokens.push({ kind: 'literal', value: unquote(quoted) })
    else if (raw !== undefined) tokens.push({ kind: 'literal', value: raw })
    else if (number !== undefined) tokens.push({ kind: 'literal', value: Number(number) })
    else if (word === 'true' || word === 'false') tokens.push({ kind: 'literal', value: word === 'true' })
    else if (word !== undefined) tokens.push({ kind: 'word', word })
    else if (mark === '(' || mark === ')' || mark === '|') tokens.push({ kind: 'mark', mark })
  }
  return tokens
}

function unquote(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    return String(value)
  } catch {
    throw new TemplateError(`cannot read the string ${text}`)
  }
}

function pipeline(reader: Reader, dot: unknown): unknown {
  let value = command(reader, dot, [])
  while (isMark(reader, '|')) {
    reader.at += 1
    value = command(reader, dot, [value])
  }
  return value
}

function isMark(reader: Reader, mark: string): boolean {
  const token = reader.tokens[reader.at]
  return token?.kind === 'mark' && token.mark === mark
}

function command(reader: Reader, dot: unknown, piped: readonly unknown[]): unknown {
  const first = reader.tokens[reader.at]
  if (!first) throw new TemplateError('an action is empty')
  if (first.kind !== 'word') {
    if (piped.length > 0) throw new TemplateError('only a function can take what comes through |')
    return operand(reader, dot)
  }
  reader.at += 1
  const call = functions[first.word]
  if (!call) throw new TemplateError(`function "${first.word}" not defined`)
  const values: unknown[] = []
  while (reader.at < reader.tokens.length && !isMark(reader, '|') && !isMark(reader, ')'))
    values.push(operand(reader, dot))
  return call([...values, ...piped])
}

function operand(reader: Reader, dot: unknown): unknown {
  const token = reader.tokens[reader.at]
  reader.at += 1
  if (token?.kind === 'literal') return token.value
  if (token?.kind === 'field') return token.path.reduce(fieldOf, dot)
  if (token?.kind === 'mark' && token.mark === '(') {
    const value = pipeline(reader, dot)
    if (!isMark(reader, ')')) throw new TemplateError('( without )')
    reader.at += 1
    return value
  }
  if (token?.kind === 'word') throw new TemplateError(`function "${token.word}" must come first`)
  throw new TemplateError('an operand is missing')
}

function fieldOf(receiver: unknown, name: string): unknown {
  if (receiver === undefined || receiver === null) {
    throw new TemplateError(`nil has no field ${name}`)
  }
  if (typeof receiver !== 'object') throw new TemplateError(`can't evaluate field ${name} in a ${typeof receiver}`)
  if (Object.hasOwn(receiver, name)) {
    const value: unknown = Reflect.get(receiver, name)
    return value ?? ''
  }
  if (structures.has(receiver)) throw new TemplateError(`there is no field ${name}`)
  return ''
}

const functions: Readonly<Record<string, (values: readonly unknown[]) => unknown>> = {
  index: ([receiver, ...keys]) =>
    keys.reduce((value, key) => (isTruthy(value) ? fieldOf(value, String(key)) : ''), receiver),
  len: ([value]) =>
    typeof value === 'string' || Array.isArray(value) ? value.length : Object.keys(Object(value)).length,
  print: (values) => values.map(textOf).join(''),
  printf: ([format, ...values]) => formatted(String(format), values),
  eq: ([first, ...others]) => others.some((other) => other === first),
  ne: ([first, second]) => first !== second,
  and: (values) => values.find((value) => !isTruthy(value)) ?? values.at(-1),
  or: (values) => values.find(isTruthy) ?? values.at(-1),
  not: ([value]) => !isTruthy(value),
  slice: ([value, from, to]) => sliced(value, from, to),
}

function sliced(value: unknown, from: unknown, to: unknown): unknown {
  if (typeof value !== 'string' && !Array.isArray(value)) throw new TemplateError('only a text or a list can be sliced')
  const [start, end] = [Number(from ?? 0), Number(to ?? value.length)]
  if (!(start >= 0 && start <= end && end <= value.length)) throw new TemplateError('slice: index out of range')
  return value.slice(start, end)
}

function formatted(format: string, values: readonly unknown[]): string {
  let at = 0
  return format.replace(/%([sdvq%])/g, (_, verb: string) => {
    if (verb === '%') return '%'
    const value = textOf(values[at])
    at += 1
    return verb === 'q' ? JSON.stringify(value) : value
  })
}
