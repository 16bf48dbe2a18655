import { ByteReader } from './byte-reader.ts'
import { PickleError } from './pickle-error.ts'
import type { PyValue } from './py-value.ts'

/** What one file may make the reader hold. Every object is paid for by bytes of the file, so these only catch bombs. */
export interface PickleLimits {
  /** Instructions carried out. */
  readonly instructionsMax: number
  /** Dicts, lists, sets, arrays and instances. */
  readonly objectsMax: number
  /** Values on the stack and in the memo. */
  readonly stackMax: number
  readonly memoMax: number
  /** Entries of one dict or set; V8's own limit is 2^24. */
  readonly entriesMax: number
  /** Bytes of one text. */
  readonly textBytesMax: number
  /** Open marks: how deep the writer had descended. Python itself gives up near 1000. */
  readonly marksMax: number
}

export const defaultPickleLimits: PickleLimits = {
  instructionsMax: 100_000_000,
  objectsMax: 4_000_000,
  stackMax: 20_000_000,
  memoMax: 8_000_000,
  entriesMax: 8_000_000,
  textBytesMax: 1 << 26,
  marksMax: 10_000,
}

/** The state of a pickle's stack machine. */
export interface Machine {
  readonly reader: ByteReader
  readonly limits: PickleLimits
  readonly stack: PyValue[]
  /** Stack heights at which a MARK was set. */
  readonly marks: number[]
  readonly memo: Map<number, PyValue>
  /** Whether joblib's array bytes may stand between instructions: not inside a pickle that joblib embeds. */
  readonly hasInlineArrays: boolean
  objects: number
  /** Elements and bytes that may still be copied: a few times the file, so that a shared value is not copied for ever. */
  copies: number
  /** Where the instruction that is being carried out begins. */
  at: number
}

export function createMachine(reader: ByteReader, limits: PickleLimits, hasInlineArrays: boolean): Machine {
  return {
    reader,
    limits,
    stack: [],
    marks: [],
    memo: new Map(),
    hasInlineArrays,
    objects: 0,
    copies: 1_000_000 + 4 * reader.end,
    at: reader.position,
  }
}

/** Throws for bytes that no writer produces. */
export function corrupt(machine: Machine, what: string): never {
  throw new PickleError('Corrupt', machine.at, `the file is corrupt: ${what} at byte ${machine.at}`)
}

function tooLarge(machine: Machine, what: string, limit: number): never {
  throw new PickleError('TooLarge', machine.at, `the file needs more than ${limit} ${what} (at byte ${machine.at})`)
}

export function push(machine: Machine, value: PyValue): void {
  if (machine.stack.length >= machine.limits.stackMax) tooLarge(machine, 'values on the stack', machine.limits.stackMax)
  machine.stack.push(value)
}

/** Counts an object that is about to be made. */
export function charge(machine: Machine): void {
  if (++machine.objects > machine.limits.objectsMax) tooLarge(machine, 'objects', machine.limits.objectsMax)
}

/** Counts elements or bytes that are about to be copied from a value that the file may name again and again. */
export function chargeCopy(machine: Machine, count: number): void {
  machine.copies -= count
  if (machine.copies < 0) {
    throw new PickleError(
      'TooLarge',
      machine.at,
      `the file copies the same values over and over (at byte ${machine.at}); no model file does`,
    )
  }
}

const floorOf = (machine: Machine): number => machine.marks.at(-1) ?? 0

/** The topmost value. Values under a mark are out of reach. */
export function top(machine: Machine): PyValue {
  const value = machine.stack.length > floorOf(machine) ? machine.stack.at(-1) : undefined
  return value === undefined ? corrupt(machine, 'an instruction finds its stack empty') : value
}

export function pop(machine: Machine): PyValue {
  const value = top(machine)
  machine.stack.length -= 1
  return value
}

export function setMark(machine: Machine): void {
  if (machine.marks.length >= machine.limits.marksMax) tooLarge(machine, 'levels of nesting', machine.limits.marksMax)
  machine.marks.push(machine.stack.length)
}

/** Everything above the last mark, which is taken away with it. */
export function popToMark(machine: Machine): PyValue[] {
  const mark = machine.marks.pop()
  if (mark === undefined) return corrupt(machine, 'an instruction finds no mark')
  return machine.stack.splice(mark)
}

export function remember(machine: Machine, key: number): void {
  if (machine.memo.size >= machine.limits.memoMax) tooLarge(machine, 'remembered values', machine.limits.memoMax)
  machine.memo.set(key, top(machine))
}

export function recall(machine: Machine, key: number): void {
  const value = machine.memo.get(key)
  if (value === undefined) corrupt(machine, `value ${key} is recalled and was never remembered`)
  push(machine, value)
}
