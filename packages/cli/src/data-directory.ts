import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { CommandError } from './command-error.ts'

/** Everything that one platform keeps: API objects, keys, pod directories, volumes. One owner at a time. */
export interface DataDirectory {
  readonly path: string
  readonly apiserver: string
  readonly pki: string
  readonly pods: string
  readonly kubeconfig: string
}

export function defaultDataDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  return environment.MILLRACE_DATA_DIR ?? join(homedir(), '.millrace')
}

export function dataDirectoryAt(path: string): DataDirectory {
  const root = resolve(path)
  return {
    path: root,
    apiserver: join(root, 'apiserver'),
    pki: join(root, 'pki'),
    pods: join(root, 'node'),
    kubeconfig: join(root, 'kubeconfig'),
  }
}

/** Makes the folders, readable by their owner only. */
export function prepareDataDirectory(path: string): DataDirectory {
  const directory = dataDirectoryAt(path)
  try {
    for (const folder of [directory.path, directory.apiserver, directory.pki, directory.pods]) {
      makeDirectory(folder)
    }
    chmodSync(directory.path, 0o700)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(
      `The data directory ${directory.path} cannot be prepared: ${reason}. Choose another with --data-dir.`,
    )
  }
  return directory
}

/** With its parents. Not `recursive`: that never ends where a folder is there and takes no entries, such as /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path) && statSync(path).isDirectory()) return
  if (dirname(path) !== path) makeDirectory(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

/** Reads a secret from its file, or makes one of 32 random bytes; only the owner can read it. */
export function keepToken(directory: DataDirectory, name: string): string {
  const file = join(directory.pki, name)
  try {
    const kept = readFileSync(file, 'utf8').trim()
    if (kept.length >= 32) return kept
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const token = randomBytes(32).toString('base64url')
  writePrivateFile(file, token)
  return token
}

/** Writes through a temporary name, so that a kill leaves the old file or the new one, never half of it. */
export function writePrivateFile(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, text, { mode: 0o600 })
    renameSync(temporary, file)
  } finally {
    rmSync(temporary, { force: true })
  }
}
