import { open } from 'node:fs/promises'
import { decompress } from './decompress.ts'
import { PickleError } from './pickle-error.ts'
import type { PyValue } from './py-value.ts'
import { unpickle } from './unpickle.ts'

/** What one model file may hold. */
export interface FileLimits {
  readonly fileBytesMax: number
  /** Bytes after decompression. */
  readonly contentBytesMax: number
}

const defaultFileLimits: FileLimits = { fileBytesMax: 2 ** 31 - 1, contentBytesMax: 2 ** 31 - 1 }

export interface ModelFile {
  readonly value: PyValue
  /** Bytes of the pickle after decompression: the measure of what its content may make a reader allocate. */
  readonly contentBytes: number
}

/**
 * Reads a file that pickle.dump or joblib.dump wrote, compressed or not; the first bytes tell, the file's name does not.
 * @throws PickleError when the content cannot be read; the file system's error when the file cannot.
 */
export async function readPickleFile(path: string, limits: FileLimits = defaultFileLimits): Promise<ModelFile> {
  const content = await decompress(await readBytes(path, limits.fileBytesMax), limits.contentBytesMax)
  return { value: unpickle(content), contentBytes: content.byteLength }
}

async function readBytes(path: string, bytesMax: number): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size > bytesMax)
      throw new PickleError('TooLarge', 0, `the file has ${size} bytes, at most ${bytesMax} are read`)
    const bytes = new Uint8Array(size)
    let filled = 0
    while (filled < size) {
      const { bytesRead } = await file.read(bytes, filled, Math.min(size - filled, 1 << 28), filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  } finally {
    await file.close()
  }
}
