import { findJsonPath, parseJsonPath } from './json-path.ts'
import type { TableColumn, TablePrinter } from './table-printer.ts'
import { columns, since } from './printer-cells.ts'

/** A CRD version's additionalPrinterColumns entry. */
export interface PrinterColumn {
  readonly name: string
  readonly type: string
  readonly jsonPath: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
}

const ageColumn: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

/** Printer of a custom resource: NAME and the CRD's columns, or NAME and AGE. Paths that cannot be read show nothing. */
export function customPrinter(given: readonly PrinterColumn[]): TablePrinter {
  const own = (given.length > 0 ? given : [ageColumn]).map((column) => ({
    column,
    path: parseJsonPath(column.jsonPath),
  }))
  return {
    columns: [...columns('Name:string:name'), ...own.map(({ column }) => definition(column))],
    cells: (object, nowMs) => [
      object.metadata.name ?? '',
      ...own.map(({ column, path }) => {
        const [found] = path ? findJsonPath(path, object) : []
        return found === undefined ? null : cell(column.type, found, nowMs)
      }),
    ],
  }
}

function definition(column: PrinterColumn): TableColumn {
  return {
    name: column.name,
    type: column.type as TableColumn['type'],
    format: column.format ?? '',
    description: column.description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
    priority: column.priority ?? 0,
  }
}

function cell(type: string, value: unknown, nowMs: number): unknown {
  switch (type) {
    case 'string':
      return goText(value)
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      if (typeof value !== 'string') return null
      return Number.isNaN(Date.parse(value)) ? '<invalid>' : since(value, nowMs)
    default:
      return null
  }
}

/** A value as Go prints it: `[a b]`, `map[a:1 b:2]`. */
function goText(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  const entries = Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, item]) => `${key}:${goText(item)}`).join(' ')}]`
}
