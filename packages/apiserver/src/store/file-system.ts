import { constants, promises, fdatasync, ftruncate, write } from 'node:fs'
import { promisify } from 'node:util'

/** An open file of the store. Positions are bytes from the start. */
export interface StoreFile {
  /** Writes all of the bytes at the position. */
  write(bytes: Uint8Array, position: number): Promise<void>
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

/** Every call the store makes on the disk, so that tests can make the Nth one fail. */
export interface FileSystem {
  list(directory: string): Promise<readonly string[]>
  read(path: string): Promise<Buffer>
  /** Makes a new file, mode 0600; fails when it exists. */
  create(path: string): Promise<StoreFile>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  syncDirectory(path: string): Promise<void>
}

const fdatasyncAsync = promisify(fdatasync)
const ftruncateAsync = promisify(ftruncate)

/** The real disk. Callback calls, not FileHandle: half the overhead for each durable write. */
export const diskFileSystem: FileSystem = {
  list: (directory) => promises.readdir(directory),
  read: (path) => promises.readFile(path),
  create: async (path) => {
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR
    const handle = await promises.open(path, flags, 0o600)
    return {
      write: (bytes, position) => writeAll(handle.fd, bytes, position),
      sync: () => fdatasyncAsync(handle.fd),
      truncate: (length) => ftruncateAsync(handle.fd, length),
      close: () => handle.close(),
    }
  },
  rename: (from, to) => promises.rename(from, to),
  remove: (path) => promises.rm(path, { force: true }),
  syncDirectory: async (path) => {
    const handle = await promises.open(path, constants.O_RDONLY)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

function writeAll(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const step = (offset: number): void => {
      write(fd, bytes, offset, bytes.length - offset, position + offset, (error, written) => {
        if (error) reject(error)
        else if (offset + written >= bytes.length) resolve()
        else if (written === 0) reject(new Error('the disk accepted no more bytes'))
        else step(offset + written)
      })
    }
    step(0)
  })
}
