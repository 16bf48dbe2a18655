/** A class or function that the file names. It is only a name: nothing is looked up or run. */
export interface PyGlobal {
  readonly kind: 'global'
  readonly module: string
  readonly name: string
}

/**
 * An instance of a class, or the result of a call, written down and not carried out: what would have been called, with
 * which arguments, and the state that would have been set.
 */
export interface PyObject {
  readonly kind: 'object'
  readonly type: PyGlobal
  readonly args: readonly PyValue[]
  /** Usually a Map from attribute name to value. Null until the file sets it. */
  state: PyValue
  /** Contents of a subclass of dict. */
  entries?: Map<PyValue, PyValue>
  /** Contents of a subclass of list or set. */
  elements?: PyValue[]
}

/**
 * A Python value. Lists and tuples are both arrays. An int is a number while it is a safe integer, else a bigint; int
 * and float are not told apart. A numpy scalar is its plain value. Values may be shared and may form cycles.
 */
export type PyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PyValue[]
  | Map<PyValue, PyValue>
  | Set<PyValue>
  | PyGlobal
  | PyObject
  | DType
  | NdArray

type Tagged = Extract<PyValue, { readonly kind: string }>

const hasKind = <K extends Tagged['kind']>(value: PyValue | undefined, kind: K): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind

export const isGlobal = (value: PyValue | undefined): value is PyGlobal => hasKind(value, 'global')
export const isObject = (value: PyValue | undefined): value is PyObject => hasKind(value, 'object')
export const isDType = (value: PyValue | undefined): value is DType => hasKind(value, 'dtype')
export const isNdArray = (value: PyValue | undefined): value is NdArray => hasKind(value, 'ndarray')

/** `module.name`, as Python writes a class in messages. */
export const qualifiedName = (global: PyGlobal): string => `${global.module}.${global.name}`

/** What a value is, in a word, for messages. Never its content. */
export function describeValue(value: PyValue | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'None'
  if (typeof value === 'bigint' || typeof value === 'number') return 'a number'
  if (typeof value !== 'object') return `a ${typeof value}`
  if (value instanceof Uint8Array) return 'bytes'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Map) return 'a dict'
  if (value instanceof Set) return 'a set'
  if (value.kind === 'object') return `an instance of ${qualifiedName(value.type)}`
  if (value.kind === 'global') return qualifiedName(value)
  return value.kind === 'dtype' ? 'a dtype' : `an array of shape [${value.shape.join(',')}]`
}

/**
 * numpy's kind characters: b bool, i int, u unsigned, f float, c complex, U text, S bytes, O object, V structured or raw,
 * M date, m time span.
 */
export type DTypeCode = 'b' | 'i' | 'u' | 'f' | 'c' | 'U' | 'S' | 'O' | 'V' | 'M' | 'm'

export interface DTypeField {
  readonly name: string
  readonly dtype: DType
  readonly offset: number
}

/** The element type of an array. Mutable only while the reader builds it. */
export interface DType {
  readonly kind: 'dtype'
  readonly code: DTypeCode
  itemBytes: number
  isBigEndian: boolean
  /** Fields of a structured type, in the order of their names. */
  fields: readonly DTypeField[] | undefined
  /** A field that is itself a small array. */
  isSubarray: boolean
}

/** A numpy array. Elements are bytes of the file until somebody asks for them. */
export interface NdArray {
  readonly kind: 'ndarray'
  dtype: DType
  shape: readonly number[]
  /** Elements lie in column-major order. */
  isFortran: boolean
  /** The elements' bytes: a view into the file. Empty for an object array. */
  bytes: Uint8Array
  /** The elements of an object array. */
  objects: PyValue[] | undefined
}
