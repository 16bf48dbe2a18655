import { ByteReader } from './byte-reader.ts'
import { fillArray, emptyArray } from './constructors.ts'
import { holdsObjects } from './dtype.ts'
import {
  charge,
  corrupt,
  createMachine,
  defaultPickleLimits,
  type Machine,
  type PickleLimits,
  pop,
  push,
  top,
} from './machine.ts'
import { carryOut } from './opcodes.ts'
import { countElements } from './ndarray.ts'
import { PickleError } from './pickle-error.ts'
import { isDType, isNdArray, isObject, type PyObject, type PyValue, qualifiedName } from './py-value.ts'

const stop = 0x2e
const build = 0x62

/**
 * Reads one pickled value, protocols 0 to 5, plain or with the raw arrays that joblib writes between instructions.
 * Nothing in the file is run or looked up: classes are names, instances are records, and only arrays, numbers and
 * containers are rebuilt. Array elements are views into `bytes`.
 * @throws PickleError and nothing else.
 */
export function unpickle(bytes: Uint8Array, limits: PickleLimits = defaultPickleLimits): PyValue {
  return run(createMachine(new ByteReader(bytes), limits, true))
}

function run(machine: Machine): PyValue {
  const { reader, limits } = machine
  for (let instructions = 0; ; instructions++) {
    machine.at = reader.position
    if (instructions >= limits.instructionsMax) {
      throw new PickleError('TooLarge', machine.at, `the file has more than ${limits.instructionsMax} instructions`)
    }
    if (machine.at >= reader.end) {
      throw new PickleError('Truncated', machine.at, `the file is cut off: it ends at byte ${machine.at} without STOP`)
    }
    const code = reader.uint8()
    if (code === stop) return pop(machine)
    carryOut(machine, code)
    if (code === build && machine.hasInlineArrays) takeInlineArray(machine)
  }
}

/** joblib pickles a NumpyArrayWrapper in an array's place and writes the array's bytes right behind it. */
function takeInlineArray(machine: Machine): void {
  const wrapper = top(machine)
  if (!isObject(wrapper) || qualifiedName(wrapper.type) !== 'joblib.numpy_pickle.NumpyArrayWrapper') return
  pop(machine)
  push(machine, readInlineArray(machine, wrapper))
}

function readInlineArray(machine: Machine, wrapper: PyObject): PyValue {
  const state = wrapper.state
  if (!(state instanceof Map)) return corrupt(machine, 'an array without its description')
  const dtype = state.get('dtype')
  const shape = state.get('shape')
  if (!isDType(dtype) || !Array.isArray(shape)) return corrupt(machine, 'an array without dtype or shape')
  if (holdsObjects(dtype)) return readEmbeddedPickle(machine)
  skipPadding(machine, state.get('numpy_array_alignment_bytes'))
  const length = (shape.length > 64 ? Number.NaN : countElements(shape)) * dtype.itemBytes
  if (Number.isNaN(length)) return corrupt(machine, 'an array with an impossible shape')
  const array = emptyArray()
  charge(machine)
  const data = machine.reader.slice(length)
  fillArray(machine, array, { dtype, shape, isFortran: state.get('order') === 'F', data })
  return array
}

/** Since joblib 1.2 a byte that counts the padding, and the padding, stand before the elements. */
function skipPadding(machine: Machine, alignment: PyValue | undefined): void {
  if (alignment === undefined || alignment === null) return
  machine.reader.take(machine.reader.uint8())
}

/** Arrays of objects are a pickle of their own, with its own stack and memo, in which joblib takes no inline arrays. */
function readEmbeddedPickle(machine: Machine): PyValue {
  const inner = createMachine(machine.reader, machine.limits, false)
  inner.objects = machine.objects
  inner.copies = machine.copies
  const array = run(inner)
  machine.objects = inner.objects
  machine.copies = inner.copies
  return isNdArray(array) ? array : corrupt(inner, 'an embedded pickle that is no array')
}
