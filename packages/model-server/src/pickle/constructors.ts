import { holdsObjects, parseDType, setDTypeState } from './dtype.ts'
import {
  describeValue,
  type DType,
  isDType,
  isGlobal,
  isNdArray,
  isObject,
  type NdArray,
  type PyGlobal,
  type PyObject,
  type PyValue,
  qualifiedName,
} from './py-value.ts'
import { charge, chargeCopy, corrupt, type Machine } from './machine.ts'
import { countElements, numericElements, textElements } from './ndarray.ts'
import { PickleError } from './pickle-error.ts'

/** numpy's own limit. */
const axesMax = 64

/** Rebuilds one kind of value from the arguments that the file gives. Nothing here reaches outside its arguments. */
type Constructor = (machine: Machine, args: readonly PyValue[]) => PyValue

const constructors: Readonly<Record<string, Constructor>> = {
  '_codecs.encode': (machine, [text]) => latin1Bytes(machine, text),
  'builtins.bytearray': (machine, [value]) => bytesOf(machine, value),
  'builtins.bytes': (machine, [value]) => bytesOf(machine, value),
  'builtins.dict': (machine, args) => (args.length === 0 ? new Map() : corrupt(machine, 'a dict made of arguments')),
  'builtins.frozenset': (machine, [items]) => new Set(listOf(machine, items)),
  'builtins.list': (machine, [items]) => [...listOf(machine, items)],
  'builtins.set': (machine, [items]) => new Set(listOf(machine, items)),
  'builtins.tuple': (machine, [items]) => [...listOf(machine, items)],
  'collections.OrderedDict': (machine, [pairs]) => orderedDict(machine, pairs),
  'collections.defaultdict': () => new Map(),
  'copyreg._reconstructor': (machine, [type, parent, state]) => reconstructed(machine, type, parent, state),
  'numpy.core.multiarray._reconstruct': () => emptyArray(),
  'numpy.core.multiarray.scalar': (machine, [dtype, value]) => scalar(machine, dtype, value),
  'numpy.core.numeric._frombuffer': (machine, args) => arrayFromBuffer(machine, args),
  'numpy.dtype': (machine, [text]) => dtypeOf(machine, text),
}

/** Carries out REDUCE, NEWOBJ and their older forms: a value for the few known constructors, else an inert record. */
export function construct(machine: Machine, type: PyValue, args: PyValue): PyValue {
  if (!isGlobal(type)) return corrupt(machine, `a call of ${describeValue(type)}, which is no class,`)
  if (!Array.isArray(args)) return corrupt(machine, `a call of ${qualifiedName(type)} with ${describeValue(args)}`)
  charge(machine)
  const full = qualifiedName(type)
  const constructor = Object.hasOwn(constructors, full) ? constructors[full] : undefined
  return constructor ? constructor(machine, args) : inert(type, args)
}

/** Carries out BUILD: gives `target` the state that its class's `__setstate__` would have been given. */
export function setState(machine: Machine, target: PyValue, state: PyValue): void {
  if (isObject(target)) {
    target.state = mergedState(machine, target.state, state)
    return
  }
  if (isDType(target)) {
    if (Array.isArray(state) && Array.isArray(state[3])) chargeCopy(machine, state[3].length)
    if (!Array.isArray(state) || !setDTypeState(target, state))
      corrupt(machine, 'a dtype with a state that does not fit')
    return
  }
  if (isNdArray(target) && Array.isArray(state)) {
    setArrayState(machine, target, state)
    return
  }
  if (target instanceof Map && state instanceof Map) return
  corrupt(machine, `a state for ${describeValue(target)}`)
}

/** Fills `array` after checking that the bytes or objects are exactly those that dtype and shape announce. */
export function fillArray(
  machine: Machine,
  array: NdArray,
  content: { dtype: DType; shape: readonly PyValue[]; isFortran: boolean; data: Uint8Array | PyValue[] },
): void {
  const { dtype, shape, isFortran, data } = content
  const count = shape.length > axesMax ? Number.NaN : countElements(shape)
  if (Number.isNaN(count)) corrupt(machine, 'an array with an impossible shape')
  const expected = Array.isArray(data) ? count : count * dtype.itemBytes
  if (dtype.itemBytes === 0 && count > 0) corrupt(machine, 'an array of elements without size')
  if (data.length !== expected) {
    corrupt(machine, `an array of shape [${shape.join(',')}] with ${data.length} of ${expected} bytes`)
  }
  array.dtype = dtype
  array.shape = shape.map(Number)
  array.isFortran = isFortran
  array.bytes = Array.isArray(data) ? new Uint8Array(0) : data
  array.objects = Array.isArray(data) ? data : undefined
}

export function emptyArray(): NdArray {
  const dtype: DType = {
    kind: 'dtype',
    code: 'u',
    itemBytes: 1,
    isBigEndian: false,
    fields: undefined,
    isSubarray: false,
  }
  return { kind: 'ndarray', dtype, shape: [0], isFortran: false, bytes: new Uint8Array(0), objects: undefined }
}

const inert = (type: PyGlobal, args: readonly PyValue[]): PyObject => ({ kind: 'object', type, args, state: null })

/** Python merges a dict into the instance's attributes; a pair is (attributes, slots). Other states replace. */
function mergedState(machine: Machine, before: PyValue, state: PyValue): PyValue {
  const isPair = Array.isArray(state) && state.length === 2
  if (isPair && (state[0] === null || state[0] instanceof Map) && state[1] instanceof Map) {
    return mergedState(machine, state[0] ? mergedState(machine, before, state[0]) : before, state[1])
  }
  if (!(before instanceof Map && state instanceof Map)) return state
  chargeCopy(machine, before.size + state.size)
  return new Map([...before, ...state])
}

/** `(version, shape, dtype, is Fortran, data)`; numpy before 1.0 had no version. */
function setArrayState(machine: Machine, array: NdArray, state: readonly PyValue[]): void {
  const [shape, dtype, isFortran, raw] = state.length === 5 ? state.slice(1) : state
  if (!Array.isArray(shape) || !isDType(dtype)) return corrupt(machine, 'an array without shape or dtype')
  if (holdsObjects(dtype)) {
    if (dtype.code !== 'O' || !Array.isArray(raw)) return corrupt(machine, 'an array of objects without its objects')
    return fillArray(machine, array, { dtype, shape, isFortran: isFortran === true, data: raw })
  }
  const data = typeof raw === 'string' ? latin1Bytes(machine, raw) : raw
  if (!(data instanceof Uint8Array)) return corrupt(machine, 'an array without its bytes')
  fillArray(machine, array, { dtype, shape, isFortran: isFortran === true || isFortran === 1, data })
}

/** How protocol 5 writes contiguous arrays: `(bytes, dtype, shape, order)`. */
function arrayFromBuffer(machine: Machine, [data, dtype, shape, order]: readonly PyValue[]): NdArray {
  if (!(data instanceof Uint8Array) || !isDType(dtype) || !Array.isArray(shape) || holdsObjects(dtype)) {
    return corrupt(machine, 'an array without its bytes, dtype or shape')
  }
  const array = emptyArray()
  fillArray(machine, array, { dtype, shape, isFortran: order === 'F', data })
  return array
}

/** A numpy scalar becomes its plain value; one of a type JavaScript lacks stays an array of one element. */
function scalar(machine: Machine, dtype: PyValue | undefined, value: PyValue | undefined): PyValue {
  if (!isDType(dtype)) return corrupt(machine, 'a number without its dtype')
  if (dtype.code === 'O') return value ?? null
  const array = emptyArray()
  const data = typeof value === 'string' ? latin1Bytes(machine, value) : value
  if (!(data instanceof Uint8Array)) return corrupt(machine, 'a number without its bytes')
  fillArray(machine, array, { dtype, shape: [], isFortran: false, data })
  chargeCopy(machine, data.length)
  const plain = textElements(array)?.[0] ?? numericElements(array)?.[0]
  if (plain === undefined) return array
  if (dtype.code === 'b') return plain === 1
  return typeof plain === 'bigint' && BigInt(Number(plain)) === plain && Number.isSafeInteger(Number(plain))
    ? Number(plain)
    : plain
}

function dtypeOf(machine: Machine, text: PyValue | undefined): DType {
  const dtype = typeof text === 'string' ? parseDType(text) : undefined
  if (dtype) return dtype
  const shown = typeof text === 'string' ? JSON.stringify(text.slice(0, 40)) : describeValue(text)
  throw new PickleError(
    'Unsupported',
    machine.at,
    `the file holds an array of type ${shown} (at byte ${machine.at}), which this reader does not know: ` +
      'convert it to a plain numpy type and save the model again',
  )
}

/** Protocol 0 and 1: `_reconstructor(class, object, None)`. */
function reconstructed(
  machine: Machine,
  type: PyValue | undefined,
  parent: PyValue | undefined,
  state: PyValue | undefined,
): PyValue {
  if (!isGlobal(type)) return corrupt(machine, 'an instance without its class')
  const object = inert(type, [])
  if (parent !== undefined && isGlobal(parent) && parent.name === 'dict' && state instanceof Map) object.entries = state
  return object
}

function orderedDict(machine: Machine, pairs: PyValue | undefined): Map<PyValue, PyValue> {
  const entries = new Map<PyValue, PyValue>()
  for (const pair of listOf(machine, pairs)) {
    if (!Array.isArray(pair) || pair.length !== 2) return corrupt(machine, 'a dict entry that is no pair')
    entries.set(pair[0] ?? null, pair[1] ?? null)
  }
  return entries
}

function listOf(machine: Machine, items: PyValue | undefined): readonly PyValue[] {
  if (items === undefined) return []
  if (!Array.isArray(items)) return corrupt(machine, `a list made of ${describeValue(items)}`)
  chargeCopy(machine, items.length)
  return items
}

function bytesOf(machine: Machine, value: PyValue | undefined): Uint8Array {
  if (value === undefined) return new Uint8Array(0)
  return value instanceof Uint8Array ? value : latin1Bytes(machine, value)
}

/** Protocols without a bytes instruction write bytes as text with one character for each byte. */
function latin1Bytes(machine: Machine, text: PyValue | undefined): Uint8Array {
  if (typeof text !== 'string') return corrupt(machine, `bytes made of ${describeValue(text)}`)
  chargeCopy(machine, text.length)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) {
    const point = text.charCodeAt(i)
    if (point > 255) return corrupt(machine, 'bytes made of text with wide characters')
    bytes[i] = point
  }
  return bytes
}
