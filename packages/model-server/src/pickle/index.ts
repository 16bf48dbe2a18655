export { formatDType } from './dtype.ts'
export type { DType } from './py-value.ts'
export {
  countElements,
  fieldElements,
  float64Elements,
  formatArray,
  type NumericArray,
  numericElements,
  textElements,
} from './ndarray.ts'
export type { NdArray } from './py-value.ts'
export { PickleError, type PickleErrorCode } from './pickle-error.ts'
export {
  describeValue,
  isDType,
  isGlobal,
  isNdArray,
  isObject,
  type PyGlobal,
  type PyObject,
  type PyValue,
  qualifiedName,
} from './py-value.ts'
export { type ModelFile, readPickleFile } from './read-file.ts'
