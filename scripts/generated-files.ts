import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as installation from '../deploy/source/generated-files.ts'
import * as schemas from '../packages/api/scripts/generated-files.ts'

const root = join(import.meta.dirname, '..')

interface Source {
  readonly generatedFiles: () => readonly { readonly path: string; readonly text: string }[]
  /** Folders that hold nothing but what is generated here. */
  readonly ownedFolders: readonly string[]
}

/** What comes from the kinds, then what is installed. */
const sources: readonly Source[] = [schemas, installation]

/** Paths that differ from what would be generated, or that nothing generates any more; relative to the repository's root. */
export async function staleFiles(): Promise<readonly string[]> {
  const stale: string[] = []
  for (const { generatedFiles, ownedFolders } of sources) {
    const files = generatedFiles()
    for (const { path, text } of files) {
      if ((await readFile(join(root, path), 'utf8').catch(() => '')) !== text) stale.push(path)
    }
    stale.push(...(await strayFiles(ownedFolders, new Set(files.map(({ path }) => path)))))
  }
  return stale
}

/** Writes every generated file and removes those that nothing generates any more. Answers how many there are. */
export async function writeGeneratedFiles(): Promise<number> {
  let count = 0
  for (const { generatedFiles, ownedFolders } of sources) {
    const files = generatedFiles()
    for (const path of await strayFiles(ownedFolders, new Set(files.map((file) => file.path)))) {
      await rm(join(root, path))
    }
    for (const { path, text } of files) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), text)
    }
    count += files.length
  }
  return count
}

async function strayFiles(folders: readonly string[], known: ReadonlySet<string>): Promise<readonly string[]> {
  const found: string[] = []
  for (const folder of folders) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name).slice(root.length + 1)
      if (entry.isFile() && !known.has(path)) found.push(path)
    }
  }
  return found
}
