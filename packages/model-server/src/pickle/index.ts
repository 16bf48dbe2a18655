export { type DType, formatDType } from './dtype.ts'
export {
  countElements,
  fieldElements,
  float64Elements,
  formatArray,
  type NdArray,
  type NumericArray,
  numericElements,
  textElements,
} from './ndarray.ts'
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
