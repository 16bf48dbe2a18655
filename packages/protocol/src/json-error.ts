/** Where and why a text is not JSON. `line` and `column` count from 1; `offset` is in characters from 0. */
export interface JsonError {
  readonly offset: number
  readonly line: number
  readonly column: number
  readonly what: string
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const space = /[ \t\n\r]*/y
const word = /[A-Za-z_]+/y

type Expect = 'value' | 'value or ]' | 'key or }' | 'key' | 'colon' | 'comma or ]' | 'comma or }' | 'end'

/**
 * Finds the first place where `text` stops being JSON (RFC 8259); undefined when it is JSON. V8's own message has no
 * position for short texts, so this walks the text again, only after JSON.parse has refused it. Nesting costs memory, not
 * stack.
 */
export function findJsonError(text: string): JsonError | undefined {
  const open: ('[' | '{')[] = []
  let expect: Expect = 'value'
  let at = 0
  for (;;) {
    at = match(space, text, at) ?? at
    if (at >= text.length)
      return expect === 'end' ? undefined : locate(text, at, `the text ends where ${names[expect]} belongs`)
    const step = take(text, at, expect, open)
    if (typeof step === 'string') return locate(text, at, step)
    at = step.at
    expect = step.expect
  }
}

const names: Record<Expect, string> = {
  value: 'a value',
  'value or ]': 'a value or ]',
  'key or }': 'a key in double quotes or }',
  key: 'a key in double quotes',
  colon: 'a colon',
  'comma or ]': 'a comma or ]',
  'comma or }': 'a comma or }',
  end: 'nothing more',
}

function take(text: string, at: number, expect: Expect, open: ('[' | '{')[]): { at: number; expect: Expect } | string {
  const char = text.charAt(at)
  const after = (): Expect => {
    const top = open.at(-1)
    if (top === undefined) return 'end'
    return top === '[' ? 'comma or ]' : 'comma or }'
  }
  const close = () => {
    open.pop()
    return { at: at + 1, expect: after() }
  }
  if (char === ']' && (expect === 'value or ]' || expect === 'comma or ]')) return close()
  if (char === '}' && (expect === 'key or }' || expect === 'comma or }')) return close()
  if (char === ',' && expect === 'comma or ]') return { at: at + 1, expect: 'value' }
  if (char === ',' && expect === 'comma or }') return { at: at + 1, expect: 'key' }
  if (char === ':' && expect === 'colon') return { at: at + 1, expect: 'value' }
  if (expect === 'key' || expect === 'key or }') {
    const end = skipString(text, at)
    return end === undefined ? complaint(text, at, expect) : { at: end, expect: 'colon' }
  }
  if (expect !== 'value' && expect !== 'value or ]') return complaint(text, at, expect)
  if (char === '[' || char === '{') {
    open.push(char)
    return { at: at + 1, expect: char === '[' ? 'value or ]' : 'key or }' }
  }
  const end = skipString(text, at) ?? match(number, text, at) ?? literal(text, at)
  return end === undefined ? complaint(text, at, expect) : { at: end, expect: after() }
}

function skipString(text: string, start: number): number | undefined {
  if (text[start] !== '"') return undefined
  let at = start + 1
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at + 1
    if (code < 0x20) return undefined
    if (code !== 0x5c) at++
    else {
      const end = match(escape, text, at)
      if (end === undefined) return undefined
      at = end
    }
  }
  return undefined
}

function literal(text: string, at: number): number | undefined {
  const end = match(word, text, at)
  return end !== undefined && ['true', 'false', 'null'].includes(text.slice(at, end)) ? end : undefined
}

function complaint(text: string, at: number, expect: Expect): string {
  const end = match(word, text, at)
  const found = end === undefined ? text.charAt(at) : text.slice(at, Math.min(end, at + 20))
  if (/^-?(NaN|Infinity|inf|nan)$/.test(found)) return `${found} is not JSON; a missing number is written null`
  if (text.startsWith('-Infinity', at)) return '-Infinity is not JSON'
  if (found === 'None') return 'None is not JSON; write null'
  if (found === 'True' || found === 'False') return `${found} is not JSON; write ${found.toLowerCase()}`
  if (found === "'") return 'text is in single quotes; JSON wants double quotes'
  if (found === '"') return 'a text that is not closed, or that holds a bad escape or control character'
  if (found === '}' || found === ']') return `${found} where ${names[expect]} belongs (a comma too many?)`
  return `${JSON.stringify(found)} where ${names[expect]} belongs`
}

function match(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}

function locate(text: string, offset: number, what: string): JsonError {
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', start)) {
    line++
    start = end + 1
  }
  return { offset, line, column: offset - start + 1, what }
}
