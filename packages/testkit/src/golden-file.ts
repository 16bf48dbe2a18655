import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Compares a text with its file; with `MILLRACE_UPDATE=1` writes the file instead, and a human reads the diff. */
export function assertGolden(path: string, actual: string): void {
  if (process.env.MILLRACE_UPDATE === '1') {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, actual)
    return
  }
  assert.ok(existsSync(path), `${path} is missing: npm run update writes it`)
  assert.equal(actual, readFileSync(path, 'utf8'), `${path} differs: npm run update writes it, then read the diff`)
}
