import { construct, setState } from './constructors.ts'
import { resolveGlobal } from './globals.ts'
import { charge, corrupt, type Machine, pop, popToMark, push, recall, remember, setMark, top } from './machine.ts'
import { parseInteger, parseRawUnicode, parseStringLiteral, signedLittleEndian } from './number-text.ts'
import { PickleError } from './pickle-error.ts'
import { describeValue, isObject, type PyValue } from './py-value.ts'

/** One instruction of the machine that Python's documentation of `pickletools` describes. */
type Instruction = (machine: Machine) => void

/** Highest protocol that exists. */
const protocolMax = 5

/** By the instruction's character. STOP is not here: the loop ends at it. */
const instructions: Readonly<Record<string, Instruction>> = {
  // Plain values.
  N: (machine) => push(machine, null),
  '\x88': (machine) => push(machine, true),
  '\x89': (machine) => push(machine, false),
  J: (machine) => push(machine, machine.reader.int32()),
  K: (machine) => push(machine, machine.reader.uint8()),
  M: (machine) => push(machine, machine.reader.uint16()),
  G: (machine) => push(machine, machine.reader.float64BigEndian()),
  I: (machine) => push(machine, integerLine(machine)),
  L: (machine) => push(machine, integerLine(machine)),
  F: (machine) => push(machine, floatLine(machine)),
  '\x8a': (machine) => push(machine, long(machine, machine.reader.uint8())),
  '\x8b': (machine) => push(machine, long(machine, machine.reader.uint32())),

  // Text and bytes.
  S: (machine) => push(machine, parseStringLiteral(longLine(machine)) ?? corrupt(machine, 'text without quotes')),
  V: (machine) => push(machine, parseRawUnicode(longLine(machine))),
  T: (machine) => push(machine, machine.reader.latin1(textLength(machine, machine.reader.uint32()))),
  U: (machine) => push(machine, machine.reader.latin1(machine.reader.uint8())),
  X: (machine) => push(machine, machine.reader.utf8(textLength(machine, machine.reader.uint32()))),
  '\x8c': (machine) => push(machine, machine.reader.utf8(machine.reader.uint8())),
  '\x8d': (machine) => push(machine, machine.reader.utf8(textLength(machine, machine.reader.uint64()))),
  B: (machine) => push(machine, machine.reader.slice(machine.reader.uint32())),
  C: (machine) => push(machine, machine.reader.slice(machine.reader.uint8())),
  '\x8e': (machine) => push(machine, machine.reader.slice(machine.reader.uint64())),
  '\x96': (machine) => push(machine, machine.reader.slice(machine.reader.uint64())),

  // Containers.
  '(': setMark,
  '0': popOrUnmark,
  '1': (machine) => void popToMark(machine),
  '2': (machine) => push(machine, top(machine)),
  ')': (machine) => made(machine, []),
  ']': (machine) => made(machine, []),
  '}': (machine) => made(machine, new Map()),
  '\x8f': (machine) => made(machine, new Set()),
  t: (machine) => made(machine, popToMark(machine)),
  l: (machine) => made(machine, popToMark(machine)),
  '\x85': (machine) => tuple(machine, 1),
  '\x86': (machine) => tuple(machine, 2),
  '\x87': (machine) => tuple(machine, 3),
  d: (machine) => {
    const items = popToMark(machine)
    made(machine, new Map())
    setItems(machine, items)
  },
  '\x91': (machine) => {
    const items = popToMark(machine)
    made(machine, new Set())
    addItems(machine, items)
  },
  a: (machine) => {
    const item = pop(machine)
    addItems(machine, [item])
  },
  e: (machine) => addItems(machine, popToMark(machine)),
  '\x90': (machine) => addItems(machine, popToMark(machine)),
  s: (machine) => {
    const value = pop(machine)
    setItems(machine, [pop(machine), value])
  },
  u: (machine) => setItems(machine, popToMark(machine)),

  // The memo.
  p: (machine) => remember(machine, memoLine(machine)),
  q: (machine) => remember(machine, machine.reader.uint8()),
  r: (machine) => remember(machine, machine.reader.uint32()),
  '\x94': (machine) => remember(machine, machine.memo.size),
  g: (machine) => recall(machine, memoLine(machine)),
  h: (machine) => recall(machine, machine.reader.uint8()),
  j: (machine) => recall(machine, machine.reader.uint32()),

  // Classes and instances. Nothing is called: see construct().
  c: (machine) => {
    const module = machine.reader.line()
    push(machine, resolveGlobal(module, machine.reader.line(), machine.at))
  },
  '\x93': (machine) => {
    const name = pop(machine)
    const module = pop(machine)
    if (typeof name !== 'string' || typeof module !== 'string') return corrupt(machine, 'a class without a name')
    push(machine, resolveGlobal(module, name, machine.at))
  },
  R: call,
  '\x81': call,
  '\x92': (machine) => {
    const options = pop(machine)
    call(machine)
    const object = top(machine)
    if (isObject(object) && options instanceof Map) object.entries = options
  },
  i: (machine) => {
    const module = machine.reader.line()
    const type = resolveGlobal(module, machine.reader.line(), machine.at)
    push(machine, construct(machine, type, popToMark(machine)))
  },
  o: (machine) => {
    const [type, ...args] = popToMark(machine)
    push(machine, construct(machine, type ?? null, args))
  },
  b: (machine) => {
    const state = pop(machine)
    setState(machine, top(machine), state)
  },

  // The stream itself.
  '\x80': (machine) => {
    const protocol = machine.reader.uint8()
    if (protocol > protocolMax) unsupported(machine, `pickle protocol ${protocol}`, 'save the model with protocol 5')
  },
  '\x95': (machine) => {
    const length = machine.reader.uint64()
    const start = machine.reader.take(length)
    machine.reader.position = start
  },

  // Ways to reach outside the file.
  P: (machine) => refuse(machine, 'a reference to an object outside itself (persistent id)'),
  Q: (machine) => refuse(machine, 'a reference to an object outside itself (persistent id)'),
  '\x82': (machine) => refuse(machine, "a class by its number in the writer's registry (extension code)"),
  '\x83': (machine) => refuse(machine, "a class by its number in the writer's registry (extension code)"),
  '\x84': (machine) => refuse(machine, "a class by its number in the writer's registry (extension code)"),
  '\x97': (machine) => refuse(machine, 'a buffer that is kept outside itself'),
  '\x98': (machine) => refuse(machine, 'a buffer that is kept outside itself'),
}

const byCode: readonly (Instruction | undefined)[] = Array.from(
  { length: 256 },
  (_, code) => instructions[String.fromCharCode(code)],
)

/** Carries out the instruction `code`, whose byte has just been read. */
export function carryOut(machine: Machine, code: number): void {
  const instruction = byCode[code]
  if (!instruction) corrupt(machine, `the byte 0x${code.toString(16).padStart(2, '0')}, which is no instruction,`)
  else instruction(machine)
}

function made(machine: Machine, value: PyValue): void {
  charge(machine)
  push(machine, value)
}

function tuple(machine: Machine, count: number): void {
  const items: PyValue[] = []
  for (let i = 0; i < count; i++) items.unshift(pop(machine))
  made(machine, items)
}

function call(machine: Machine): void {
  const args = pop(machine)
  const type = pop(machine)
  push(machine, construct(machine, type, args))
}

/** POP takes a mark away where one lies on top. */
function popOrUnmark(machine: Machine): void {
  if (machine.marks.at(-1) === machine.stack.length) machine.marks.pop()
  else pop(machine)
}

function addItems(machine: Machine, items: readonly PyValue[]): void {
  const target = top(machine)
  if (target instanceof Set) {
    if (target.size + items.length > machine.limits.entriesMax) corrupt(machine, 'a set of impossible size')
    for (const item of items) target.add(item)
    return
  }
  const list = isObject(target) ? (target.elements ??= []) : target
  if (!Array.isArray(list)) return corrupt(machine, `an item for ${describeValue(target)}`)
  for (const item of items) list.push(item)
}

function setItems(machine: Machine, items: readonly PyValue[]): void {
  const target = top(machine)
  const entries = isObject(target) ? (target.entries ??= new Map()) : target
  if (!(entries instanceof Map)) return corrupt(machine, `an entry for ${describeValue(target)}`)
  if (items.length % 2 !== 0) return corrupt(machine, 'a key without its value')
  if (entries.size + items.length / 2 > machine.limits.entriesMax) corrupt(machine, 'a dict of impossible size')
  for (let i = 0; i < items.length; i += 2) entries.set(items[i] ?? null, items[i + 1] ?? null)
}

/** The oldest protocols write texts, and with them whole arrays, as one line. */
const longLine = (machine: Machine): string => machine.reader.line(machine.limits.textBytesMax)

function integerLine(machine: Machine): number | bigint | boolean {
  const text = machine.reader.line()
  if (text === '00' || text === '01') return text === '01'
  return parseInteger(text) ?? corrupt(machine, 'a number that is none')
}

function floatLine(machine: Machine): number {
  const text = machine.reader.line().trim()
  const special = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity }[text]
  const value = special ?? (text === '' ? undefined : Number(text))
  if (value === undefined || (Number.isNaN(value) && text !== 'nan')) return corrupt(machine, 'a number that is none')
  return value
}

function memoLine(machine: Machine): number {
  const key = parseInteger(machine.reader.line())
  return typeof key === 'number' && key >= 0 ? key : corrupt(machine, 'a memo key that is no number')
}

function long(machine: Machine, length: number): number | bigint {
  if (length > 1024) corrupt(machine, `a number of ${length} bytes`)
  return signedLittleEndian(machine.reader.slice(length))
}

function textLength(machine: Machine, length: number): number {
  const limit = machine.limits.textBytesMax
  if (length <= limit || length > machine.reader.end - machine.reader.position) return length
  throw new PickleError(
    'TooLarge',
    machine.at,
    `the file holds a text of more than ${limit} bytes at byte ${machine.at}`,
  )
}

function refuse(machine: Machine, what: string): never {
  throw new PickleError(
    'Refused',
    machine.at,
    `the file names ${what} at byte ${machine.at}; a model file stands alone: save the fitted model with joblib.dump`,
  )
}

function unsupported(machine: Machine, what: string, advice: string): never {
  throw new PickleError('Unsupported', machine.at, `the file uses ${what} at byte ${machine.at}: ${advice}`)
}
