import type { TextPlace } from '@millrace/api'
import type { Position } from '../manifest-files.ts'

/**
 * Where a place of a value's text stands in the YAML file that holds it. `key` is where the key stands. In a block (`|`) it is
 * exact, in a value on the key's own line too, if nothing in it is escaped; otherwise it is where the value begins.
 */
export function placeInFile(file: string, key: Position, place: TextPlace): Position {
  const lines = file.split('\n')
  const line = lines[key.line - 1] ?? ''
  const match = /^(["']?[\w.-]+["']?:\s*)(.*)$/.exec(line.slice(key.column - 1))
  if (!match) return key
  const [, before = '', value = ''] = match
  if (/^\|[-+\d]*\s*(#.*)?$/.test(value)) {
    const first = lines.slice(key.line).find((candidate) => candidate.trim() !== '') ?? ''
    const indent = first.length - first.trimStart().length
    return { ...key, line: key.line + place.line, column: indent + place.column }
  }
  const start = key.column + before.length
  const isPlain = place.line === 1 && !value.includes('\\') && !value.includes("''")
  const quote = /^["']/.test(value) ? 1 : 0
  return { ...key, column: isPlain ? start + quote + place.column - 1 : start }
}
