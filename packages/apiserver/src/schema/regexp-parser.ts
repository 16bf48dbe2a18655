/**
 * Go's regular expressions (RE2 syntax), parsed. CRD patterns and CEL are written for that dialect; it has no
 * backreferences and no lookaround, so a matcher can promise linear time (see regexp-matcher.ts).
 */

/** A set of characters. `tests` are Unicode properties; `negated` turns the whole set around. */
export interface CharClass {
  /** Pairs: first and last code point. */
  readonly ranges: readonly number[]
  readonly tests: readonly RegExp[]
  readonly negated: boolean
  readonly foldsCase: boolean
}

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word' | 'not-word'

export type RegexpNode =
  | { readonly kind: 'class'; readonly set: CharClass }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  | { readonly kind: 'concat'; readonly parts: readonly RegexpNode[] }
  | { readonly kind: 'alternate'; readonly options: readonly RegexpNode[] }
  | {
      readonly kind: 'repeat'
      readonly node: RegexpNode
      readonly min: number
      readonly max: number | undefined
      readonly isGreedy: boolean
    }
  | { readonly kind: 'capture'; readonly node: RegexpNode; readonly index: number }

/** Go refuses more as well. */
const repeatMax = 1000
const nestingMax = 250

export class RegexpSyntaxError extends Error {}

interface Flags {
  readonly i: boolean
  readonly s: boolean
  readonly m: boolean
  readonly U: boolean
}

interface State {
  readonly chars: readonly string[]
  at: number
  depth: number
  captures: number
  flags: Flags
}

/** Parses a Go regular expression. Throws RegexpSyntaxError with Go's sentence: ``error parsing regexp: missing closing ]: `[a` ``. */
export function parseRegexp(pattern: string): { node: RegexpNode; captures: number } {
  const state: State = {
    chars: [...pattern],
    at: 0,
    depth: 0,
    captures: 0,
    flags: { i: false, s: false, m: false, U: false },
  }
  const node = parseAlternate(state)
  if (state.at < state.chars.length) fail('unexpected )', pattern)
  return { node, captures: state.captures }
}

function fail(what: string, fragment: string): never {
  throw new RegexpSyntaxError(`error parsing regexp: ${what}: \`${fragment}\``)
}

function parseAlternate(state: State): RegexpNode {
  const options: RegexpNode[] = [parseConcat(state)]
  while (state.chars[state.at] === '|') {
    state.at++
    options.push(parseConcat(state))
  }
  const [only] = options
  return options.length === 1 && only ? only : { kind: 'alternate', options }
}

function parseConcat(state: State): RegexpNode {
  const parts: RegexpNode[] = []
  for (
    let char = state.chars[state.at];
    char !== undefined && char !== '|' && char !== ')';
    char = state.chars[state.at]
  ) {
    const atom = parseAtom(state)
    if (atom) parts.push(parseRepeats(state, atom))
  }
  return { kind: 'concat', parts }
}

function parseRepeats(state: State, atom: RegexpNode): RegexpNode {
  const start = state.at
  const bounds = parseQuantifier(state)
  if (!bounds) return atom
  let isGreedy = !state.flags.U
  if (state.chars[state.at] === '?') {
    state.at++
    isGreedy = !isGreedy
  }
  const end = state.at
  if (parseQuantifier(state)) fail('invalid nested repetition operator', state.chars.slice(start, end + 1).join(''))
  return { kind: 'repeat', node: atom, min: bounds.min, max: bounds.max, isGreedy }
}

function parseQuantifier(state: State): { min: number; max: number | undefined } | undefined {
  switch (state.chars[state.at]) {
    case '*':
      state.at++
      return { min: 0, max: undefined }
    case '+':
      state.at++
      return { min: 1, max: undefined }
    case '?':
      state.at++
      return { min: 0, max: 1 }
    case '{':
      return parseBraces(state)
    default:
      return undefined
  }
}

/** `{2}`, `{2,}`, `{2,5}`; anything else is a literal brace, as in Go. */
function parseBraces(state: State): { min: number; max: number | undefined } | undefined {
  const close = state.chars.indexOf('}', state.at)
  if (close < 0 || close - state.at > 12) return undefined
  const text = state.chars.slice(state.at, close + 1).join('')
  const match = /^\{(\d+)(?:(,)(\d*))?\}$/.exec(text)
  if (!match) return undefined
  const min = Number(match[1])
  const max = match[2] === undefined ? min : match[3] === '' || match[3] === undefined ? undefined : Number(match[3])
  if (min > repeatMax || (max ?? 0) > repeatMax || (max !== undefined && max < min)) fail('invalid repeat count', text)
  state.at = close + 1
  return { min, max }
}

function parseAtom(state: State): RegexpNode | undefined {
  const char = state.chars[state.at] ?? ''
  switch (char) {
    case '(':
      return parseGroup(state)
    case '[':
      return { kind: 'class', set: parseClass(state) }
    case '\\':
      return parseEscape(state)
    case '*':
    case '+':
    case '?':
      return fail('missing argument to repetition operator', char)
    case '^':
      state.at++
      return { kind: 'assert', assertion: state.flags.m ? 'line-start' : 'text-start' }
    case '$':
      state.at++
      return { kind: 'assert', assertion: state.flags.m ? 'line-end' : 'text-end' }
    case '.':
      state.at++
      return { kind: 'class', set: setOf(state.flags.s ? [] : [10, 10], [], true, false) }
    default:
      state.at++
      return literal(char, state)
  }
}

function parseGroup(state: State): RegexpNode | undefined {
  const rest = state.chars.slice(state.at, state.at + 80).join('')
  const outer = state.flags
  let index: number | undefined
  const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest)
  const flagged = /^\(\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest)
  if (named) {
    state.at += named[0].length
    index = ++state.captures
  } else if (flagged) {
    state.at += flagged[0].length
    state.flags = changeFlags(outer, flagged[1] ?? '', flagged[2] ?? '')
    if (flagged[3] === ')') return undefined // holds until the enclosing group ends
  } else if (rest.startsWith('(?')) {
    fail('invalid or unsupported Perl syntax', rest.slice(0, 3))
  } else {
    state.at++
    index = ++state.captures
  }
  if (++state.depth > nestingMax) fail('expression nests too deeply', rest)
  const node = parseAlternate(state)
  if (state.chars[state.at] !== ')') fail('missing closing )', state.chars.join(''))
  state.at++
  state.depth--
  state.flags = outer
  return index === undefined ? node : { kind: 'capture', node, index }
}

function changeFlags(flags: Flags, on: string, off: string): Flags {
  const value = (name: keyof Flags) => (off.includes(name) ? false : on.includes(name) ? true : flags[name])
  return { i: value('i'), s: value('s'), m: value('m'), U: value('U') }
}

const assertions: Readonly<Record<string, Assertion>> = { A: 'text-start', z: 'text-end', b: 'word', B: 'not-word' }

function parseEscape(state: State): RegexpNode | undefined {
  const next = state.chars[state.at + 1]
  if (next === undefined) fail('trailing backslash at end of expression', '')
  const assertion = assertions[next]
  if (assertion) {
    state.at += 2
    return { kind: 'assert', assertion }
  }
  if (next === 'Q') return parseQuoted(state)
  const set = perlClass(state)
  if (set) return { kind: 'class', set: { ...set, foldsCase: state.flags.i } }
  return literal(escapedChar(state), state)
}

function parseQuoted(state: State): RegexpNode {
  state.at += 2
  const parts: RegexpNode[] = []
  for (let char = state.chars[state.at]; char !== undefined; char = state.chars[state.at]) {
    if (char === '\\' && state.chars[state.at + 1] === 'E') {
      state.at += 2
      break
    }
    parts.push(literal(char, state))
    state.at++
  }
  return { kind: 'concat', parts }
}

const perlRanges: Readonly<Record<string, readonly number[]>> = {
  d: [48, 57],
  w: [48, 57, 65, 90, 95, 95, 97, 122],
  s: [9, 10, 12, 13, 32, 32],
}

/** `\d \D \w \W \s \S \pL \P{Greek}`; undefined: another escape, and nothing consumed. */
function perlClass(state: State): CharClass | undefined {
  const next = state.chars[state.at + 1] ?? ''
  const ranges = perlRanges[next.toLowerCase()]
  if (ranges) {
    state.at += 2
    return setOf(ranges, [], next !== next.toLowerCase(), false)
  }
  if (next !== 'p' && next !== 'P') return undefined
  const rest = state.chars.slice(state.at, state.at + 40).join('')
  const match = /^\\[pP](?:\{(\^?)(\w+)\}|(\w))/.exec(rest)
  if (!match) fail('invalid character class range', rest.slice(0, 3))
  state.at += match[0].length
  return setOf([], [propertyTest(match[2] ?? match[3] ?? '', match[0])], (next === 'P') !== (match[1] === '^'), false)
}

function propertyTest(name: string, source: string): RegExp {
  for (const body of [name, `Script=${name}`]) {
    try {
      return new RegExp(`^\\p{${body}}$`, 'u')
    } catch {
      // not a general category: try it as a script
    }
  }
  return fail('invalid character class range', source)
}

const controlEscapes: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 }

/** `\n`, `\x41`, `\x{1F600}`, `\101`, `\.`: the character meant. */
function escapedChar(state: State): string {
  const rest = state.chars.slice(state.at, state.at + 12).join('')
  const next = state.chars[state.at + 1] ?? ''
  const control = controlEscapes[next]
  const hex = /^\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/.exec(rest)
  const octal = /^\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest)
  if (hex) {
    state.at += hex[0].length
    return codeText(Number.parseInt(hex[1] ?? hex[2] ?? '', 16), hex[0])
  }
  if (octal) {
    state.at += octal[0].length
    return codeText(Number.parseInt(octal[1] ?? '', 8), octal[0])
  }
  if (control === undefined && /[A-Za-z0-9]/.test(next)) fail('invalid escape sequence', `\\${next}`)
  state.at += 2
  return control === undefined ? next : String.fromCharCode(control)
}

function codeText(code: number, source: string): string {
  if (code > 0x10ffff) fail('invalid escape sequence', source)
  return String.fromCodePoint(code)
}

const posix: Readonly<Record<string, readonly number[]>> = {
  alnum: [48, 57, 65, 90, 97, 122],
  alpha: [65, 90, 97, 122],
  ascii: [0, 127],
  blank: [9, 9, 32, 32],
  cntrl: [0, 31, 127, 127],
  digit: [48, 57],
  graph: [33, 126],
  lower: [97, 122],
  print: [32, 126],
  punct: [33, 47, 58, 64, 91, 96, 123, 126],
  space: [9, 13, 32, 32],
  upper: [65, 90],
  word: [48, 57, 65, 90, 95, 95, 97, 122],
  xdigit: [48, 57, 65, 70, 97, 102],
}

function parseClass(state: State): CharClass {
  const source = state.chars.slice(state.at).join('')
  state.at++
  const isNegated = state.chars[state.at] === '^'
  if (isNegated) state.at++
  const ranges: number[] = []
  const tests: RegExp[] = []
  for (let isFirst = true; ; isFirst = false) {
    const char = state.chars[state.at]
    if (char === undefined) fail('missing closing ]', source)
    if (char === ']' && !isFirst) break
    const set = classItem(state)
    if (set) addSet(set, ranges, tests)
    else parseRange(state, ranges)
  }
  state.at++
  return setOf(ranges, tests, isNegated, state.flags.i)
}

/** A named set inside brackets: `[:alpha:]`, `\d`, `\pL`. */
function classItem(state: State): CharClass | undefined {
  if (state.chars[state.at] === '\\') return perlClass(state)
  const rest = state.chars.slice(state.at, state.at + 14).join('')
  const match = /^\[:(\^?)(\w+):\]/.exec(rest)
  if (!match) return undefined
  const ranges = posix[match[2] ?? '']
  if (!ranges) fail('invalid character class range', match[0])
  state.at += match[0].length
  return setOf(ranges, [], match[1] === '^', false)
}

function addSet(set: CharClass, ranges: number[], tests: RegExp[]): void {
  if (!set.negated) {
    ranges.push(...set.ranges)
    tests.push(...set.tests)
    return
  }
  if (set.tests.length > 0) {
    for (const test of set.tests) tests.push(new RegExp(test.source.replace('\\p', '\\P'), 'u'))
    return
  }
  ranges.push(...complement(set.ranges))
}

function parseRange(state: State, ranges: number[]): void {
  const start = state.at
  const low = classChar(state)
  if (state.chars[state.at] !== '-' || state.chars[state.at + 1] === ']' || state.chars[state.at + 1] === undefined) {
    ranges.push(low, low)
    return
  }
  state.at++
  const high = classChar(state)
  if (high < low) fail('invalid character class range', state.chars.slice(start, state.at).join(''))
  ranges.push(low, high)
}

function classChar(state: State): number {
  const char = state.chars[state.at] ?? ''
  if (char === '\\') return escapedChar(state).codePointAt(0) ?? 0
  state.at++
  return char.codePointAt(0) ?? 0
}

function complement(ranges: readonly number[]): number[] {
  const pairs: [number, number][] = []
  for (let i = 0; i + 1 < ranges.length; i += 2) pairs.push([ranges[i] ?? 0, ranges[i + 1] ?? 0])
  pairs.sort(([a], [b]) => a - b)
  const out: number[] = []
  let next = 0
  for (const [low, high] of pairs) {
    if (low > next) out.push(next, low - 1)
    next = Math.max(next, high + 1)
  }
  if (next <= 0x10ffff) out.push(next, 0x10ffff)
  return out
}

function literal(char: string, state: State): RegexpNode {
  const code = char.codePointAt(0) ?? 0
  return { kind: 'class', set: setOf([code, code], [], false, state.flags.i) }
}

function setOf(ranges: readonly number[], tests: readonly RegExp[], negated: boolean, foldsCase: boolean): CharClass {
  return { ranges, tests, negated, foldsCase }
}
