import { basename } from 'node:path'
import type { FileSystem } from '@millrace/apiserver'

/** A disk that is only memory: writes are durable at once and take no turn of the event loop. One directory is enough. */
export function createMemoryDisk(): FileSystem {
  const files = new Map<string, Buffer>()
  const read = (path: string): Buffer => {
    const bytes = files.get(basename(path))
    if (!bytes) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
    return bytes
  }
  return {
    list: async () => [...files.keys()],
    read: async (path) => read(path),
    create: async (path) => {
      const name = basename(path)
      let bytes = Buffer.alloc(0)
      let length = 0
      files.set(name, bytes)
      const keep = (): void => void files.set(name, bytes.subarray(0, length))
      return {
        write: async (chunk, position) => {
          const end = position + chunk.length
          if (end > bytes.length) bytes = Buffer.concat([bytes], Math.max(end, bytes.length * 2))
          bytes.set(chunk, position)
          length = Math.max(length, end)
          keep()
        },
        sync: async () => {},
        truncate: async (to) => {
          length = to
          keep()
        },
        close: async () => {},
      }
    },
    rename: async (from, to) => {
      files.set(basename(to), read(from))
      files.delete(basename(from))
    },
    remove: async (path) => void files.delete(basename(path)),
    syncDirectory: async () => {},
  }
}
