import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { PickleError } from './pickle-error.ts'

type Inflate = (bytes: Uint8Array, options: { maxOutputLength: number; chunkSize: number }) => Promise<Uint8Array>

/** joblib's compressors with the bytes that their files begin with. */
interface Compression {
  readonly name: string
  readonly magic: readonly number[]
  readonly inflate?: Inflate
}

const compressions: readonly Compression[] = [
  { name: 'zlib', magic: [0x78], inflate: promisify(inflate) },
  { name: 'gzip', magic: [0x1f, 0x8b], inflate: promisify(gunzip) },
  { name: 'bz2', magic: [0x42, 0x5a, 0x68] },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { name: 'lzma', magic: [0x5d, 0x00] },
  { name: 'lz4', magic: [0x04, 0x22, 0x4d, 0x18] },
]

/** Of other things that end up under a model's name. */
const strangers: readonly (readonly [string, string])[] = [
  ['PK\x03\x04', 'a zip archive: put the model file itself in its place'],
  ['\x89HDF', 'an HDF5 file: export the model to ONNX and serve it as format onnx'],
  ['ZF', 'written by joblib before 0.10: load it and save it with a current joblib'],
  ['version https://git-lfs', 'a Git LFS pointer, not the model: fetch the file with git lfs pull'],
  ['<!DOCTYPE', 'a web page, not a model: check the address it was downloaded from'],
  ['<html', 'a web page, not a model: check the address it was downloaded from'],
]

/**
 * The content of a file that joblib may have compressed; the same bytes when it is not compressed.
 * @throws PickleError when the file is no model file, is cut off, or holds more than `bytesMax` bytes.
 */
export async function decompress(bytes: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  if (bytes.byteLength === 0) throw new PickleError('Truncated', 0, 'the file is empty')
  const start = String.fromCharCode(...bytes.subarray(0, 32))
  const stranger = strangers.find(([prefix]) => start.startsWith(prefix))
  if (stranger) throw new PickleError('Unsupported', 0, `the file is ${stranger[1]}`)
  const compression = compressions.find(({ magic }) => magic.every((byte, index) => bytes[index] === byte))
  if (!compression) return bytes
  if (!compression.inflate) {
    throw new PickleError(
      'Unsupported',
      0,
      `the file is compressed with ${compression.name}, which is not read here: save the model again with ` +
        "joblib.dump(model, 'model.joblib', compress=3)",
    )
  }
  try {
    return await compression.inflate(bytes, { maxOutputLength: bytesMax, chunkSize: 1 << 20 })
  } catch (cause) {
    throw inflateError(compression.name, bytes.byteLength, bytesMax, cause)
  }
}

function inflateError(name: string, size: number, bytesMax: number, cause: unknown): PickleError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return new PickleError('TooLarge', 0, `the file holds more than ${bytesMax} bytes after ${name} decompression`)
  }
  if (code === 'Z_BUF_ERROR') {
    return new PickleError('Truncated', size, `the file is cut off: its ${name} data ends before byte ${size}`)
  }
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new PickleError('Corrupt', 0, `the file is corrupt: its ${name} data cannot be decompressed (${detail})`)
}
