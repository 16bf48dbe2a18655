import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that is removed when the test process ends. */
export function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'millrace-storage-'))
  process.on('exit', () => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Every file below a folder, hidden ones too, with its text; links are read through. */
export function contents(directory: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(directory, name)
    if (statSync(path).isFile()) found[name] = readFileSync(path, 'utf8')
  }
  return found
}
