import { isGlobal, isObject, type PyValue, qualifiedName } from '../pickle/index.ts'
import type { Estimator } from './estimator.ts'
import { featureNamesOf } from './feature-names.ts'
import { type EstimatorRecord, featureCountOf, optional, unreadable } from './record.ts'
import { checkWidth, type Table, toMatrix } from './table.ts'

/** The numpy functions that a FunctionTransformer may name. */
const functions: Readonly<Record<string, (value: number) => number>> = {
  absolute: Math.abs,
  cbrt: Math.cbrt,
  ceil: Math.ceil,
  cos: Math.cos,
  exp: Math.exp,
  expm1: Math.expm1,
  floor: Math.floor,
  log: Math.log,
  log10: Math.log10,
  log1p: Math.log1p,
  log2: Math.log2,
  negative: (value) => -value,
  reciprocal: (value) => 1 / value,
  sign: Math.sign,
  sin: Math.sin,
  sqrt: Math.sqrt,
  square: (value) => value * value,
  tan: Math.tan,
  tanh: Math.tanh,
}

/** HistGradientBoosting keeps its numeric columns with `partial(check_array, …)`, which only converts them. */
const isCheck = (func: PyValue): boolean =>
  isObject(func) && func.args[0] !== undefined && isGlobal(func.args[0]) && func.args[0].name === 'check_array'

/** FunctionTransformer without a function, which passes its input on, or with one of numpy's elementwise functions. */
export function readFunctionTransformer(record: EstimatorRecord): Estimator {
  const expected = { className: record.className, featureCount: featureCountOf(record) }
  const rest = { ...expected, featureNames: featureNamesOf(record) }
  const func = optional(record, 'func')
  if (func === undefined) {
    const pass = (input: Table): Table => {
      checkWidth(input, expected)
      return input
    }
    return { ...rest, transform: pass }
  }
  if (isCheck(func)) return { ...rest, transform: (input) => toMatrix(input, expected) }
  const apply = isGlobal(func) && Object.hasOwn(functions, func.name) ? functions[func.name] : undefined
  if (!apply) {
    const shown = isGlobal(func) ? qualifiedName(func) : 'something else'
    return unreadable(record, `calls ${shown}; served are numpy's elementwise functions (log1p, sqrt …)`)
  }
  const transform = (input: Table): Table => {
    const matrix = toMatrix(input, expected)
    const data = matrix.data.map(matrix.isSingle ? (value) => Math.fround(apply(value)) : (value) => apply(value))
    return { ...matrix, data }
  }
  return { ...rest, transform }
}
