import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface PayloadFile {
  readonly bytes: Buffer
  /** Permission bits. */
  readonly mode: number
}

/** Relative path (already checked to stay inside) → file. */
export type Payload = ReadonlyMap<string, PayloadFile>

const dataLink = '..data'

/**
 * Makes a directory hold exactly `payload`, all at once: a reader sees the old files or the new ones, never a mixture.
 * The layout is the kubelet's, so programs that watch for `..data` to change work as in a cluster:
 *
 * ```
 * ..2f81a/key      the files
 * ..data → ..2f81a
 * key → ..data/key
 * ```
 * Returns false when nothing had to change.
 */
export async function writePayload(directory: string, payload: Payload): Promise<boolean> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const previous = await readlink(join(directory, dataLink)).catch(() => undefined)
  if (previous !== undefined && (await holds(join(directory, previous), payload))) return false
  const version = await mkdtemp(`${directory}/..`)
  for (const [path, file] of payload) {
    const place = join(version, path)
    await mkdir(dirname(place), { recursive: true, mode: 0o700 })
    await writeFile(place, file.bytes, { mode: file.mode })
  }
  const freshLink = join(directory, '..data_tmp')
  await rm(freshLink, { force: true })
  await symlink(basename(version), freshLink)
  await rename(freshLink, join(directory, dataLink))
  await linkVisibleNames(directory, payload)
  if (previous !== undefined) await rm(join(directory, previous), { recursive: true, force: true })
  return true
}

async function linkVisibleNames(directory: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? path))
  const present = new Set((await readdir(directory)).filter((name) => !name.startsWith('..')))
  for (const name of wanted) if (!present.has(name)) await symlink(join(dataLink, name), join(directory, name))
  for (const name of present) if (!wanted.has(name)) await rm(join(directory, name), { force: true })
}

async function holds(version: string, payload: Payload): Promise<boolean> {
  const present = await listFiles(version)
  if (present.length !== payload.size) return false
  for (const path of present) {
    const wanted = payload.get(path)
    const place = join(version, path)
    if (!wanted || ((await stat(place)).mode & 0o777) !== wanted.mode) return false
    if (!wanted.bytes.equals(await readFile(place))) return false
  }
  return true
}

async function listFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
}
