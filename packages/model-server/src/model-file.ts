import { open, readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { nearest } from './nearest.ts'
import { ModelUnreadable } from './runtime.ts'
import { type Runtime, runtimes } from './runtimes.ts'

/** A model on disk and what serves it. */
export interface ModelFile {
  /** Undefined: the name that the arguments give. */
  readonly name: string | undefined
  /** The version folder's name, in a repository that has them. */
  readonly version: string | undefined
  readonly file: string
  readonly runtime: Runtime
}

/** Bytes that tell formats with the same ending apart. */
const sniffBytes = 65_536

/**
 * Finds the model in a directory as KServe's servers do: the one file at its top that ends as the format's files do; else
 * a folder for each model; else what Triton has, `<model>/<version>/<file>`, of which the highest version of each counts.
 * Without a format the endings and, where two formats share one, the first bytes decide. Throws `ModelUnreadable` saying
 * what was looked for and what is there.
 */
export async function findModels(directory: string, format: string | undefined): Promise<ModelFile[]> {
  const candidates = chooseRuntimes(format)
  const single = await findOne(directory, candidates, format)
  if (single !== undefined) return [{ name: undefined, version: undefined, ...single }]
  for (const find of [findInFolders, findVersioned]) {
    const found = await find(directory, candidates, format)
    if (found.length > 0) return found
  }
  throw new ModelUnreadable(await describeMissing(directory, candidates, format))
}

async function findVersioned(directory: string, candidates: readonly Runtime[], format: string | undefined) {
  const found: ModelFile[] = []
  for (const name of await folders(directory)) {
    const versions = (await folders(join(directory, name))).filter((folder) => /^\d+$/.test(folder))
    const version = versions.sort((a, b) => Number(b) - Number(a))[0]
    if (version === undefined) continue
    const one = await findOne(join(directory, name, version), candidates, format)
    if (one !== undefined) found.push({ name, version, ...one })
  }
  return found
}

function chooseRuntimes(format: string | undefined): readonly Runtime[] {
  if (format === undefined) return runtimes
  const runtime = runtimes.find((row) => row.name === format)
  if (runtime !== undefined) return [runtime]
  const names = runtimes.map((row) => row.name)
  const near = nearest(format, names)
  throw new ModelUnreadable(
    `the model format "${format}" is unknown${near === undefined ? '' : ` (did you mean ${near}?)`}; served are ${names.join(', ')}`,
  )
}

async function findInFolders(directory: string, candidates: readonly Runtime[], format: string | undefined) {
  const found: ModelFile[] = []
  for (const name of await folders(directory)) {
    const one = await findOne(join(directory, name), candidates, format)
    if (one !== undefined) found.push({ name, version: undefined, ...one })
  }
  return found
}

async function findOne(directory: string, candidates: readonly Runtime[], format: string | undefined) {
  const found: { file: string; runtime: Runtime }[] = []
  for (const name of await files(directory)) {
    const file = join(directory, name)
    const fitting = candidates.filter((row) => row.extensions.includes(extname(name).toLowerCase()))
    const runtime = format === undefined ? await sniff(file, fitting) : fitting[0]
    if (runtime !== undefined) found.push({ file, runtime })
  }
  if (found.length > 1) {
    const names = found.map(({ file }) => file.slice(directory.length + 1)).join(', ')
    throw new ModelUnreadable(`more than one model file in ${directory}: ${names}; keep one`)
  }
  return found[0]
}

/** Which of the runtimes that share an ending a file belongs to; undefined for other files of such an ending (a JSON with metadata). */
async function sniff(file: string, fitting: readonly Runtime[]): Promise<Runtime | undefined> {
  if (fitting.length === 0 || !['.bst', '.json', '.txt', '.model'].includes(extname(file).toLowerCase()))
    return fitting[0]
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(sniffBytes), 0, sniffBytes, 0)
    const head = buffer.toString('latin1', 0, bytesRead)
    const isLightgbm = /^tree\r?\n/.test(head)
    const isXgboost = head.startsWith('binf') || (head.startsWith('{') && head.includes('learner'))
    return fitting.find((row) => (row.name === 'lightgbm' ? isLightgbm : isXgboost))
  } finally {
    await handle.close()
  }
}

async function describeMissing(
  directory: string,
  candidates: readonly Runtime[],
  format: string | undefined,
): Promise<string> {
  const endings = [...new Set(candidates.flatMap((row) => row.extensions))].map((ending) => `*${ending}`).join(', ')
  const there = await readdir(directory)
  const shown = there.slice(0, 10).join(', ') + (there.length > 10 ? `, … (${there.length} entries)` : '')
  const holds = there.length === 0 ? 'it is empty' : `it holds ${shown}`
  const other =
    format === undefined
      ? undefined
      : runtimes.find((row) => there.some((name) => row.extensions.includes(extname(name).toLowerCase())))
  const hint = other === undefined ? '' : `; that looks like the model format ${other.name}`
  return `no model file in ${directory}: looked for ${endings}${format === undefined ? '' : ` (${format})`}, but ${holds}${hint}`
}

async function files(directory: string): Promise<string[]> {
  const names = await list(directory)
  const kinds = await Promise.all(
    names.map(async (name) => (await stat(join(directory, name)).catch(() => undefined))?.isFile() === true),
  )
  return names.filter((_, i) => kinds[i])
}

async function folders(directory: string): Promise<string[]> {
  const names = await list(directory)
  const kinds = await Promise.all(
    names.map(async (name) => (await stat(join(directory, name)).catch(() => undefined))?.isDirectory() === true),
  )
  return names.filter((_, i) => kinds[i])
}

/** Hidden entries (`..data` of a mounted ConfigMap, `.git`) are not looked at. */
async function list(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => !name.startsWith('.')).sort()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const reason = code === 'ENOENT' ? 'it does not exist' : code === 'ENOTDIR' ? 'it is a file' : code
    throw new ModelUnreadable(`cannot read the model directory ${directory}: ${reason}`, { cause: error })
  }
}
