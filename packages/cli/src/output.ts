import { stringify } from 'yaml'
import { usageError } from './command-error.ts'

export const outputFormats = ['table', 'json', 'yaml'] as const
export type OutputFormat = (typeof outputFormats)[number]

export function parseOutputFormat(text: string): OutputFormat {
  const format = outputFormats.find((name) => name === text)
  if (!format) throw usageError(`-o ${text}: the output formats are ${outputFormats.join(', ')}`)
  return format
}

/** A value as JSON or YAML text with a closing newline. A text that kubectl would take for something else is in quotes. */
export function formatValue(value: unknown, format: 'json' | 'yaml'): string {
  if (format === 'json') return `${JSON.stringify(value, undefined, 2)}\n`
  return stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })
}

/** Columns padded to their widest cell, three spaces apart, as kubectl prints them. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('')
}
