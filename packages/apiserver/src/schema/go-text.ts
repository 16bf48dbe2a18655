/**
 * Text as Go's fmt and encoding/json write it. Kubernetes builds its error sentences with them, and clients match on
 * those sentences.
 */

const escapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
}

/** fmt's `%q` of a string. */
export function goQuote(text: string): string {
  let out = '"'
  for (const char of text) {
    const escape = escapes[char]
    const code = char.codePointAt(0) ?? 0
    if (escape !== undefined) out += escape
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`
    else if (isPrintable(char, code)) out += char
    else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, '0')}`
    else out += `\\U${code.toString(16).padStart(8, '0')}`
  }
  return `${out}"`
}

/** encoding/json's Marshal: map keys sorted, `<`, `>` and `&` escaped. */
export function goJson(value: unknown): string {
  if (value === undefined || value === null) return 'null'
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`
  if (typeof value === 'object') {
    if (verbatimText in value) return String(value[verbatimText])
    const entries = Object.entries(value).filter(([, item]) => item !== undefined)
    entries.sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, item]) => `${jsonString(key)}:${goJson(item)}`).join(',')}}`
  }
  if (typeof value === 'string') return jsonString(value)
  return String(value)
}

const verbatimText = Symbol('verbatim')

/** JSON that is shown exactly so: Go structs keep the order and names of their fields. */
export function verbatim(text: string): object {
  return { [verbatimText]: text }
}

/** A value inside a sentence: strings quoted, the rest as JSON. */
export function goValue(value: unknown): string {
  return typeof value === 'string' ? goQuote(value) : goJson(value)
}

/** fmt's `%v`: `map[a:1 b:2]`, `[1 x]`. */
export function goPlain(value: unknown): string {
  if (value === undefined || value === null) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goPlain).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  return `map[${sortedEntries(value)
    .map(([key, item]) => `${key}:${goPlain(item)}`)
    .join(' ')}]`
}

/** fmt's `%#v` of a decoded JSON value: `map[string]interface {}{"a":1}`. */
export function goSyntax(value: unknown): string {
  if (value === undefined || value === null) return 'interface {}(nil)'
  if (typeof value === 'string') return goQuote(value)
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  if (typeof value !== 'object') return String(value)
  const entries = sortedEntries(value).map(([key, item]) => `${goQuote(key)}:${goSyntax(item)}`)
  return `map[string]interface {}{${entries.join(', ')}}`
}

function sortedEntries(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}

function jsonString(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function isPrintable(char: string, code: number): boolean {
  if (code < 0x7f) return true
  return code !== 0xfffd && !/[\p{C}\p{Z}]/u.test(char)
}
