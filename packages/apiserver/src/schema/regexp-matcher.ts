import { type Assertion, type CharClass, parseRegexp, type RegexpNode, RegexpSyntaxError } from './regexp-parser.ts'

/**
 * Matches Go regular expressions in time proportional to pattern × text, whatever the pattern: the patterns come from
 * CRDs and the texts from anybody, and JavaScript's own engine can take exponential time on both.
 *
 * It is a Pike machine: all threads move through the text together, in order of preference.
 */
export interface Regexp {
  test(text: string): boolean
  /** First match and its captures as [start, end) pairs of UTF-16 offsets, −1 where a group took no part. */
  exec(text: string, from?: number): readonly number[] | undefined
}

type Instruction =
  | { readonly op: 'class'; readonly set: CharClass }
  | { readonly op: 'assert'; readonly assertion: Assertion }
  | { readonly op: 'save'; readonly slot: number }
  /** Both ways are tried, `first` preferred. */
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'match' }

/** As large as Go's own limit on repeated programs, more or less: beyond it a pattern is refused. */
const instructionsMax = 20_000

export type CompiledRegexp =
  | { readonly ok: true; readonly regexp: Regexp }
  | { readonly ok: false; readonly message: string }

/** Compiles a Go regular expression; the message is Go's own. */
export function compileRegexp(pattern: string): CompiledRegexp {
  try {
    const { node, captures } = parseRegexp(pattern)
    const program: Instruction[] = []
    emit({ kind: 'capture', node, index: 0 }, program)
    program.push({ op: 'match' })
    return { ok: true, regexp: matcher(program, (captures + 1) * 2) }
  } catch (error) {
    if (error instanceof RegexpSyntaxError) return { ok: false, message: error.message }
    throw error
  }
}

function emit(node: RegexpNode, program: Instruction[]): void {
  if (program.length > instructionsMax) {
    throw new RegexpSyntaxError('error parsing regexp: expression too large')
  }
  switch (node.kind) {
    case 'class':
      program.push({ op: 'class', set: node.set })
      return
    case 'assert':
      program.push({ op: 'assert', assertion: node.assertion })
      return
    case 'concat':
      for (const part of node.parts) emit(part, program)
      return
    case 'capture':
      program.push({ op: 'save', slot: node.index * 2 })
      emit(node.node, program)
      program.push({ op: 'save', slot: node.index * 2 + 1 })
      return
    case 'alternate':
      emitAlternate(node.options, program)
      return
    case 'repeat':
      emitRepeat(node, program)
  }
}

function emitAlternate(options: readonly RegexpNode[], program: Instruction[]): void {
  const jumps: { to: number }[] = []
  options.forEach((option, index) => {
    if (index === options.length - 1) {
      emit(option, program)
      return
    }
    const split = { op: 'split' as const, first: program.length + 1, second: 0 }
    program.push(split)
    emit(option, program)
    const jump = { op: 'jump' as const, to: 0 }
    program.push(jump)
    jumps.push(jump)
    split.second = program.length
  })
  for (const jump of jumps) jump.to = program.length
}

function emitRepeat(node: Extract<RegexpNode, { kind: 'repeat' }>, program: Instruction[]): void {
  for (let i = 0; i < node.min; i++) emit(node.node, program)
  if (node.max === undefined) {
    const loop = program.length
    const split = { op: 'split' as const, first: 0, second: 0 }
    program.push(split)
    emit(node.node, program)
    program.push({ op: 'jump', to: loop })
    aim(split, loop + 1, program.length, node.isGreedy)
    return
  }
  const splits: { split: { op: 'split'; first: number; second: number }; body: number }[] = []
  for (let i = node.min; i < node.max; i++) {
    const split = { op: 'split' as const, first: 0, second: 0 }
    program.push(split)
    splits.push({ split, body: program.length })
    emit(node.node, program)
  }
  for (const { split, body } of splits) aim(split, body, program.length, node.isGreedy)
}

function aim(split: { first: number; second: number }, body: number, exit: number, isGreedy: boolean): void {
  split.first = isGreedy ? body : exit
  split.second = isGreedy ? exit : body
}

interface Thread {
  readonly at: number
  readonly slots: readonly number[]
}

function matcher(program: readonly Instruction[], slotCount: number): Regexp {
  const exec = (text: string, from = 0): readonly number[] | undefined => run(program, slotCount, text, from, false)
  return { test: (text) => run(program, slotCount, text, 0, true) !== undefined, exec }
}

function run(
  program: readonly Instruction[],
  slotCount: number,
  text: string,
  from: number,
  anyMatch: boolean,
): readonly number[] | undefined {
  const empty: readonly number[] = anyMatch ? [] : Array.from({ length: slotCount }, () => -1)
  const seen = new Int32Array(program.length).fill(-1)
  let threads: Thread[] = []
  let found: readonly number[] | undefined
  for (let at = from; ; ) {
    const code = text.codePointAt(at)
    const width = code === undefined ? 0 : code > 0xffff ? 2 : 1
    // A new attempt starts here unless a match that began earlier is already known; it comes last: leftmost wins.
    const starts: Thread[] = found ? [] : [{ at: 0, slots: empty }]
    const next: Thread[] = []
    const closed = follow(program, [...threads, ...starts], text, at, seen, anyMatch)
    for (const thread of closed) {
      const instruction = program[thread.at]
      if (instruction?.op === 'match') {
        found = thread.slots
        break // threads of lower preference are cut off
      }
      if (instruction?.op === 'class' && code !== undefined && contains(instruction.set, code)) {
        next.push({ at: thread.at + 1, slots: thread.slots })
      }
    }
    if ((anyMatch && found) || code === undefined) return found
    if (next.length === 0 && found) return found
    threads = next
    at += width
  }
}

/** The threads that wait for a character or have matched, in order of preference; each instruction once per position. */
function follow(
  program: readonly Instruction[],
  threads: readonly Thread[],
  text: string,
  at: number,
  seen: Int32Array,
  anyMatch: boolean,
): Thread[] {
  const out: Thread[] = []
  const stack: Thread[] = []
  for (const start of threads) {
    stack.push(start)
    for (let thread = stack.pop(); thread; thread = stack.pop()) {
      if (seen[thread.at] === at) continue
      seen[thread.at] = at
      const instruction = program[thread.at]
      if (instruction === undefined) continue
      switch (instruction.op) {
        case 'jump':
          stack.push({ at: instruction.to, slots: thread.slots })
          break
        case 'split':
          stack.push({ at: instruction.second, slots: thread.slots }, { at: instruction.first, slots: thread.slots })
          break
        case 'save':
          stack.push({ at: thread.at + 1, slots: anyMatch ? thread.slots : thread.slots.with(instruction.slot, at) })
          break
        case 'assert':
          if (holds(instruction.assertion, text, at)) stack.push({ at: thread.at + 1, slots: thread.slots })
          break
        default:
          out.push(thread)
      }
    }
  }
  return out
}

function holds(assertion: Assertion, text: string, at: number): boolean {
  switch (assertion) {
    case 'text-start':
      return at === 0
    case 'text-end':
      return at === text.length
    case 'line-start':
      return at === 0 || text[at - 1] === '\n'
    case 'line-end':
      return at === text.length || text[at] === '\n'
    case 'word':
      return isWord(text[at - 1]) !== isWord(text[at])
    case 'not-word':
      return isWord(text[at - 1]) === isWord(text[at])
  }
}

const isWord = (char: string | undefined): boolean => char !== undefined && /^\w$/.test(char)

function contains(set: CharClass, code: number): boolean {
  let isIn = inSet(set, code)
  if (!isIn && set.foldsCase) {
    const char = String.fromCodePoint(code)
    isIn =
      inSet(set, char.toLowerCase().codePointAt(0) ?? code) || inSet(set, char.toUpperCase().codePointAt(0) ?? code)
  }
  return isIn !== set.negated
}

function inSet(set: CharClass, code: number): boolean {
  const { ranges } = set
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    if (code >= (ranges[i] ?? 0) && code <= (ranges[i + 1] ?? 0)) return true
  }
  return set.tests.length > 0 && set.tests.some((test) => test.test(String.fromCodePoint(code)))
}
