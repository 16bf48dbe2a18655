import { diskFileSystem, type FileSystem, type StoreFile } from '../../src/store/file-system.ts'

/** What may fail: the calls that change the disk. */
export type FaultyCall = 'create' | 'write' | 'sync' | 'truncate' | 'rename' | 'remove' | 'syncDirectory'

export interface FaultyFileSystem extends FileSystem {
  /** Changing calls so far. */
  readonly calls: number
  /** From now on. `once`: the nth call from here fails; `on`: that one and all after it; `partial` writes half first. */
  failNth(n: number, how: { readonly code: string; readonly lasting: boolean; readonly partial: boolean }): void
  heal(): void
}

/** The real disk, on which chosen calls fail. */
export function createFaultyFileSystem(): FaultyFileSystem {
  let calls = 0
  let fault: { at: number; code: string; lasting: boolean; partial: boolean } | undefined

  function failure(call: FaultyCall): Error | undefined {
    calls++
    if (!fault || calls < fault.at || (!fault.lasting && calls > fault.at)) return undefined
    return Object.assign(new Error(`${fault.code}: injected into ${call}`), { code: fault.code })
  }
  async function guarded<T>(call: FaultyCall, work: () => Promise<T>): Promise<T> {
    const error = failure(call)
    if (error) throw error
    return work()
  }
  const wrap = (file: StoreFile): StoreFile => ({
    write: async (bytes, position) => {
      const error = failure('write')
      if (error && fault?.partial) await file.write(bytes.subarray(0, bytes.length >> 1), position)
      if (error) throw error
      await file.write(bytes, position)
    },
    sync: () => guarded('sync', () => file.sync()),
    truncate: (length) => guarded('truncate', () => file.truncate(length)),
    close: () => file.close(),
  })
  return {
    get calls() {
      return calls
    },
    failNth: (n, how) => {
      fault = { at: calls + n, ...how }
    },
    heal: () => {
      fault = undefined
    },
    list: diskFileSystem.list,
    read: diskFileSystem.read,
    create: (path) => guarded('create', async () => wrap(await diskFileSystem.create(path))),
    rename: (from, to) => guarded('rename', () => diskFileSystem.rename(from, to)),
    remove: (path) => guarded('remove', () => diskFileSystem.remove(path)),
    syncDirectory: (path) => guarded('syncDirectory', () => diskFileSystem.syncDirectory(path)),
  }
}
