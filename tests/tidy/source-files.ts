import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** A committed text file: path relative to the root, with forward slashes. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** Every file that git tracks or would add, so that a new file is checked before its first commit. */
export function projectFiles(): readonly string[] {
  const output = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  })
  return output
    .toString('utf8')
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)))
}

const isGenerated = (path: string): boolean => /(^|\/)(generated|testdata|data|dist)\//.test(path)

/** TypeScript files written by hand: generated ones and test data are left out. */
export function sourceFiles(): readonly SourceFile[] {
  return projectFiles()
    .filter((path) => path.endsWith('.ts') && !isGenerated(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** Shipped code: what stands in a package's `src`. */
export function shippedFiles(): readonly SourceFile[] {
  return sourceFiles().filter((file) => /^packages\/[^/]+\/src\//.test(file.path))
}
