/**
 * Writes what is generated from the kinds: deploy/schema, deploy/crd-sizes.json and two pages of docs. With `--check` it
 * writes nothing, names the files that are not current, and exits 1 if there are any. Files that nothing generates any more
 * are stale too.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { generatedFiles } from './generated-files.ts'

const root = join(import.meta.dirname, '../../..')
const ownedFolders = ['deploy/schema']

/** Paths that differ from what would be generated, relative to the repository's root. */
export async function staleFiles(): Promise<string[]> {
  const files = generatedFiles()
  const stale: string[] = []
  for (const { path, text } of files) {
    if ((await readFile(join(root, path), 'utf8').catch(() => '')) !== text) stale.push(path)
  }
  return [...stale, ...(await strayFiles(new Set(files.map(({ path }) => path))))]
}

async function strayFiles(known: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = []
  for (const folder of ownedFolders) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name).slice(root.length + 1)
      if (entry.isFile() && !known.has(path)) found.push(path)
    }
  }
  return found
}

/** Writes every generated file and removes those that nothing generates any more. */
export async function update(): Promise<number> {
  const files = generatedFiles()
  for (const path of await strayFiles(new Set(files.map((file) => file.path)))) await rm(join(root, path))
  for (const { path, text } of files) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return files.length
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const stale = await staleFiles()
    for (const path of stale) console.error(`${path} is not current: run npm run update`)
    process.exitCode = stale.length > 0 ? 1 : 0
  } else console.log(`packages/api: ${await update()} files`)
}
