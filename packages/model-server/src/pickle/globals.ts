import { PickleError } from './pickle-error.ts'
import type { PyGlobal } from './py-value.ts'

/**
 * What a model file may name. A name on this list is still only a name: the few that become values (arrays, dicts,
 * numbers) are rebuilt by `constructors.ts`, everything else is written down as an inert record. A name that is not on
 * the list is refused, because nobody can tell what it would have done.
 */
const allowedNames = new Set([
  '_codecs.encode',
  'builtins.bool',
  'builtins.bytearray',
  'builtins.bytes',
  'builtins.complex',
  'builtins.dict',
  'builtins.float',
  'builtins.frozenset',
  'builtins.int',
  'builtins.list',
  'builtins.object',
  'builtins.range',
  'builtins.set',
  'builtins.slice',
  'builtins.str',
  'builtins.tuple',
  'collections.OrderedDict',
  'collections.defaultdict',
  'copyreg._reconstructor',
  'functools.partial',
  'joblib.numpy_pickle.NumpyArrayWrapper',
  'numpy.dtype',
  'numpy.matrix',
  'numpy.memmap',
  'numpy.ndarray',
])

/** Families of classes that are kept as inert records, whatever the class. */
const inertFamilies: readonly RegExp[] = [
  /^sklearn\./,
  // Compiled losses name their module without its package.
  /^_loss\.(__pyx_unpickle_)?Cy[A-Za-z]+$/,
  /^scipy\.(sparse|stats|interpolate)\./,
  /^numpy\.(random|ma)\./,
  /^numpy\.core\.(multiarray\.(_reconstruct|scalar)|numeric\._frombuffer|memmap\.memmap)$/,
  /^numpy\.(bool_?|object_|str_|bytes_|(float|int|uint|complex)\d{1,3}|intp|intc|longlong|ulonglong|longdouble)$/,
  // What a FunctionTransformer may call; the names are looked up in a table of our own.
  /^numpy(\.core\._multiarray_umath)?\.(absolute|cbrt|ceil|cos|floor|negative|reciprocal|sign|sin|sqrt|square|tanh?|expm?1?|log(1p|2|10)?)$/,
  /^pandas\.(core\.indexes|_libs\.internals|core\.arrays)\./,
]

/** Classes people have in model files, whose own formats are served. */
const knownElsewhere: readonly (readonly [RegExp, string])[] = [
  [
    /^joblib\.numpy_pickle(_compat)?\.Z?NDArrayWrapper$/,
    'joblib before 0.10 wrote it: load it and save it with a current joblib',
  ],
  [/^xgboost\./, 'save the model with save_model("model.json") and serve it as format xgboost'],
  [/^lightgbm\./, 'save the model with booster_.save_model("model.txt") and serve it as format lightgbm'],
  [/^catboost\./, 'save the model with save_model("model.onnx", format="onnx") and serve it as format onnx'],
  [/^(torch|tensorflow|keras)\./, 'export the model to ONNX and serve it as format onnx'],
]

const nameLengthMax = 500

/** Python 2 wrote these modules under other names; numpy 2 moved its core. */
function currentModule(module: string): string {
  if (module === '__builtin__') return 'builtins'
  if (module === 'copy_reg') return 'copyreg'
  if (module === 'sklearn.externals.joblib.numpy_pickle') return 'joblib.numpy_pickle'
  return module.replace(/^numpy\._core\./, 'numpy.core.').replace(/^numpy\.matrixlib\.defmatrix$/, 'numpy')
}

/**
 * The inert name for `module` and `name`, under its current spelling.
 * @throws PickleError `Refused` when a model file may not name it; the message says what to do instead.
 */
export function resolveGlobal(module: string, name: string, offset: number): PyGlobal {
  if (module.length + name.length > nameLengthMax) {
    throw new PickleError('Corrupt', offset, `the file is corrupt: a name of impossible length at byte ${offset}`)
  }
  const global: PyGlobal = { kind: 'global', module: currentModule(module), name }
  const full = `${global.module}.${name}`
  if (allowedNames.has(full) || inertFamilies.some((family) => family.test(full))) return global
  const shown = `${module}.${name}`.replace(/[^\x21-\x7e]/g, '?')
  const elsewhere = knownElsewhere.find(([family]) => family.test(full))?.[1]
  const advice = elsewhere ?? 'export the model to ONNX with skl2onnx and serve it as format onnx'
  throw new PickleError(
    'Refused',
    offset,
    `the file names ${shown} (at byte ${offset}), which is none of scikit-learn's or numpy's classes; ` +
      `nothing in a model file is ever run, so it cannot be read: ${advice}`,
  )
}
