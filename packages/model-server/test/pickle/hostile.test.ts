import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { PickleError, type PickleErrorCode } from '../../src/pickle/index.ts'
import { defaultPickleLimits } from '../../src/pickle/machine.ts'
import { unpickle } from '../../src/pickle/unpickle.ts'
import { assemble, global, text, uint32, uint64 } from './assemble.ts'

const marker = join(tmpdir(), `millrace-pickle-${process.pid}`)
const touch = `touch ${marker}`

/** A joblib array's description, as the file has it right before the array's bytes. */
const wrapper = (shape: string, dtype: string): string =>
  `${global('joblib.numpy_pickle', 'NumpyArrayWrapper')})\x81}(${text('shape')}${shape}${text('dtype')}${dtype}ub`
const dtype = (name: string): string => `${global('numpy', 'dtype')}${text(name)}\x85R`
const integer = (value: bigint): string => `\x8a\x08${uint64(value)}`

interface Hostile {
  readonly what: string
  readonly file: string
  readonly code: PickleErrorCode
  readonly message: RegExp
}

const hostile: readonly Hostile[] = [
  { what: 'os.system', file: `cos\nsystem\n(V${touch}\ntR.`, code: 'Refused', message: /os\.system/ },
  {
    what: 'posix.system',
    file: `\x80\x04${global('posix', 'system')}${text(touch)}\x85R.`,
    code: 'Refused',
    message: /posix\.system/,
  },
  {
    what: 'builtins.eval',
    file: `\x80\x04${global('builtins', 'eval')}${text('1')}\x85R.`,
    code: 'Refused',
    message: /builtins\.eval/,
  },
  { what: 'Python 2 eval', file: `c__builtin__\neval\n(V1\ntR.`, code: 'Refused', message: /__builtin__\.eval/ },
  { what: 'getattr', file: `\x80\x04${global('builtins', 'getattr')}.`, code: 'Refused', message: /builtins\.getattr/ },
  {
    what: 'import',
    file: `\x80\x04${global('importlib', 'import_module')}.`,
    code: 'Refused',
    message: /importlib\.import_module/,
  },
  {
    what: 'subprocess by INST',
    file: `(V${touch}\nisubprocess\nPopen\n.`,
    code: 'Refused',
    message: /subprocess\.Popen/,
  },
  {
    what: 'a call inside an allowed call',
    file: `\x80\x04${global('collections', 'OrderedDict')}${global('os', 'popen')}.`,
    code: 'Refused',
    message: /os\.popen/,
  },
  {
    what: 'a dotted way out of an allowed class',
    file: `\x80\x04${global('builtins', 'list.__class__')}.`,
    code: 'Refused',
    message: /list\.__class__/,
  },
  {
    what: 'a module that only begins like an allowed one',
    file: `\x80\x04${global('sklearnx', 'SVC')}.`,
    code: 'Refused',
    message: /sklearnx\.SVC/,
  },
  {
    what: 'a name on Object.prototype',
    file: `\x80\x04${global('builtins', 'constructor')}.`,
    code: 'Refused',
    message: /builtins\.constructor/,
  },
  {
    what: 'a class of your own',
    file: `\x80\x04${global('__main__', 'Model')})\x81.`,
    code: 'Refused',
    message: /__main__\.Model.*skl2onnx/,
  },
  {
    what: 'an XGBoost model',
    file: `\x80\x04${global('xgboost.sklearn', 'XGBClassifier')})\x81.`,
    code: 'Refused',
    message: /format xgboost/,
  },
  {
    what: 'a joblib 0.9 file',
    file: `\x80\x04${global('joblib.numpy_pickle', 'NDArrayWrapper')})\x81.`,
    code: 'Refused',
    message: /joblib before 0\.10/,
  },
  { what: 'a persistent id', file: `\x80\x04K\x01Q.`, code: 'Refused', message: /persistent id/ },
  { what: 'an extension code', file: `\x80\x04\x82\x01.`, code: 'Refused', message: /extension code/ },
  { what: 'a buffer outside the file', file: `\x80\x05\x97.`, code: 'Refused', message: /kept outside/ },
  { what: 'a call of a number', file: `\x80\x04K\x01)R.`, code: 'Corrupt', message: /no class/ },
  { what: 'a class without a name', file: `\x80\x04K\x01K\x01\x93.`, code: 'Corrupt', message: /without a name/ },
  {
    what: 'a name of 100 kB',
    file: `\x80\x04${global('a'.repeat(100_000), 'b')}.`,
    code: 'Corrupt',
    message: /impossible length/,
  },
  { what: 'protocol 6', file: `\x80\x06N.`, code: 'Unsupported', message: /protocol 6/ },
  {
    what: 'an array of 10 GB',
    file: `\x80\x04${wrapper(`${integer(10n ** 10n)}\x85`, dtype('u1'))}`,
    code: 'Truncated',
    message: /10000000000 bytes are announced/,
  },
  {
    what: 'an array of 2^60 numbers',
    file: `\x80\x04${wrapper(`${integer(2n ** 30n)}${integer(2n ** 30n)}\x86`, dtype('f8'))}`,
    code: 'Corrupt',
    message: /impossible shape/,
  },
  {
    what: 'an array of negative size',
    file: `\x80\x04${wrapper(`J\xff\xff\xff\xff\x85`, dtype('f8'))}`,
    code: 'Corrupt',
    message: /impossible shape/,
  },
  {
    what: 'a million million elements without size',
    file: `\x80\x04${wrapper(`${integer(10n ** 12n)}\x85`, dtype('U0'))}.`,
    code: 'Corrupt',
    message: /without size/,
  },
  {
    what: 'an array with fewer bytes than its shape',
    file: `\x80\x04${global('numpy.core.multiarray', '_reconstruct')})R(K\x01${integer(9n)}\x85${dtype('f8')}\x89C\x08aaaaaaaatb.`,
    code: 'Corrupt',
    message: /8 of 72 bytes/,
  },
  {
    what: 'an element type of 1 GB',
    file: `\x80\x04${dtype('V999999999')}.`,
    code: 'Unsupported',
    message: /does not know/,
  },
  { what: 'bytes of 2^63', file: `\x80\x04\x8e${uint64(2n ** 63n)}abc.`, code: 'Truncated', message: /are left/ },
  {
    what: 'a text of 4 GB',
    file: `\x80\x04X${uint32(0xffffffff)}abc.`,
    code: 'Truncated',
    message: /4294967295 bytes/,
  },
  {
    what: 'a number of 2 kB',
    file: `\x80\x04\x8b${uint32(2048)}${'\x01'.repeat(2048)}.`,
    code: 'Corrupt',
    message: /a number of 2048 bytes/,
  },
  { what: 'a frame beyond the end', file: `\x80\x04\x95${uint64(1000n)}N.`, code: 'Truncated', message: /1000 bytes/ },
  { what: 'an empty stack', file: `\x80\x04.`, code: 'Corrupt', message: /stack empty/ },
  { what: 'a value under a mark', file: `\x80\x04N(0\x85(.`, code: 'Corrupt', message: /stack empty/ },
  { what: 'a value that was never remembered', file: `\x80\x04h\x07.`, code: 'Corrupt', message: /value 7/ },
  { what: 'a key without its value', file: `\x80\x04}(K\x01u.`, code: 'Corrupt', message: /key without its value/ },
  { what: 'an entry for a number', file: `\x80\x04K\x01K\x02K\x03s.`, code: 'Corrupt', message: /entry for a number/ },
  { what: 'a state for a number', file: `\x80\x04K\x01}b.`, code: 'Corrupt', message: /state for a number/ },
  { what: 'nothing at all', file: '', code: 'Truncated', message: /ends at byte 0/ },
  { what: 'text', file: 'hello, world', code: 'Corrupt', message: /corrupt/ },
]

for (const { what, file, code, message } of hostile) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => unpickle(assemble(file)),
      (error) => {
        assert.ok(error instanceof PickleError, String(error))
        assert.equal(error.code, code, error.message)
        assert.match(error.message, message)
        assert.ok(error.offset >= 0 && error.offset <= file.length)
        return true
      },
    )
    assert.ok(!existsSync(marker), 'something in the file was run')
  })
}

const bombs: Readonly<
  Record<string, { readonly file: string; readonly limits?: Partial<typeof defaultPickleLimits> }>
> = {
  'dicts without end': { file: `${'}'.repeat(2000)}.`, limits: { objectsMax: 1000 } },
  'a stack without end': { file: `${'N'.repeat(2000)}.`, limits: { stackMax: 1000 } },
  'a memo without end': { file: `N${'\x94'.repeat(2000)}.`, limits: { memoMax: 1000 } },
  'marks without end': { file: `${'('.repeat(2000)}.`, limits: { marksMax: 1000 } },
  'instructions without end': { file: `${'N0'.repeat(2000)}.`, limits: { instructionsMax: 1000 } },
  'a text beyond the limit': { file: `X${uint32(2000)}${'a'.repeat(2000)}.`, limits: { textBytesMax: 1000 } },
  'one list copied over and over': {
    file: `(${'N'.repeat(20_000)}lq\x00${`cbuiltins\nset\nh\x00\x85R0`.repeat(2000)}.`,
  },
  'one text turned into bytes over and over': {
    file: `${text('a'.repeat(50_000))}q\x00${`c_codecs\nencode\nh\x00\x85R0`.repeat(2000)}.`,
  },
  'one state merged over and over': {
    file: `}q\x00(${Array.from({ length: 9000 }, (_, key) => `J${uint32(key)}N`).join('')}u0csklearn.svm\nSVC\n)\x81${'h\x00b'.repeat(5000)}.`,
  },
}

for (const [what, { file, limits }] of Object.entries(bombs)) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => unpickle(assemble(file), { ...defaultPickleLimits, ...limits }),
      (error) => error instanceof PickleError && error.code === 'TooLarge',
    )
  })
}
