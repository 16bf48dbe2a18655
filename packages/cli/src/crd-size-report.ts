import {
  annotationBytesMax,
  type CrdSize,
  type CrdSizeRecord,
  crdSize,
  type CustomResourceDefinition,
  measureCrds,
  type RecordedSize,
} from '@millrace/api'
import { formatTable } from './output.ts'

interface Subtree {
  readonly path: string
  readonly bytes: number
  /** In the last release. */
  readonly before?: number
}

/** What one CRD weighs. */
export interface SizeRow {
  readonly name: string
  readonly form: string
  readonly bytes: number
  readonly budget: number
  readonly percent: number
  /** In the last release. */
  readonly before?: number
  readonly givenUp: readonly string[]
  readonly largest: readonly Subtree[]
}

/** Our CRDs in every form. Throws where one is over its budget, naming what is large in it. */
export function ownSizes(record: CrdSizeRecord | undefined): readonly SizeRow[] {
  return measureCrds().map(({ name, form, size, budget, givenUp }) =>
    rowOf({ name, form, size, budget, givenUp, before: record?.lastRelease?.sizes[form]?.[name] }),
  )
}

/** A CRD of other origin, against what Kubernetes allows. */
export function foreignSize(crd: CustomResourceDefinition): SizeRow {
  const { name } = crd.metadata
  return rowOf({ name, form: 'file', size: crdSize(crd), budget: annotationBytesMax, givenUp: [], before: undefined })
}

type Measured = Pick<SizeRow, 'name' | 'form' | 'budget' | 'givenUp'> & {
  readonly size: CrdSize
  readonly before: RecordedSize | undefined
}

function rowOf({ name, form, size, budget, givenUp, before }: Measured): SizeRow {
  const bytes = size.annotationBytes
  const largest = size.largest.map(({ path, bytes: part }) => {
    const was = before?.subtrees[path]
    return { path, bytes: part, ...(was === undefined ? {} : { before: was }) }
  })
  const percent = Math.round((bytes / budget) * 100)
  return { name, form, bytes, budget, percent, ...(before ? { before: before.bytes } : {}), givenUp, largest }
}

/** The table of all, and for those that are worth opening a table of what in them is large. */
export function sizeTable(rows: readonly SizeRow[], lastRelease: string | undefined): string {
  const since = lastRelease === undefined ? 'LAST RELEASE' : `SINCE ${lastRelease}`
  const table = formatTable(
    ['CRD', 'FORM', 'BYTES', 'BUDGET', '%', since],
    rows.map((row) => {
      const { name, form, bytes, budget, percent } = row
      return [name, form, String(bytes), String(budget), String(percent), sinceThen(row)]
    }),
  )
  const isFirst = lastRelease === undefined && rows.some(({ form }) => form !== 'file')
  const nothing = isFirst ? ['No release came before this one: there is nothing to compare with.\n'] : []
  return [table, ...nothing, ...rows.filter(isWorthOpening).map((row) => subtreesOf(row, since))].join('\n')
}

/** Those that take a notable share of their budget, or had to give something up. */
function isWorthOpening({ percent, givenUp, form }: SizeRow): boolean {
  return percent >= 20 || givenUp.length > 0 || form === 'file'
}

function subtreesOf({ name, form, bytes, largest, givenUp }: SizeRow, since: string): string {
  const table = formatTable(
    ['SUBTREE', 'BYTES', '%', since],
    largest.map((part) => [
      part.path,
      String(part.bytes),
      String(Math.round((part.bytes / bytes) * 100)),
      sinceThen(part),
    ]),
  )
  const left = givenUp.length > 0 ? [`left open or out because of size: ${givenUp.join(', ')}\n`] : []
  return [`${name} (${form}), largest subtrees:\n`, table, ...left].join('')
}

function sinceThen({ bytes, before }: { readonly bytes: number; readonly before?: number }): string {
  if (before === undefined) return '-'
  return bytes > before ? `+${bytes - before}` : String(bytes - before)
}

/** Which CRD has how many bytes too many, and what in it is large. */
export function overBudget({ name, bytes, budget, largest }: SizeRow): string {
  const lines = largest.slice(0, 8).map(({ path, bytes: part }) => `  ${String(part).padStart(8)}  ${path}`)
  return [
    `${name} is ${bytes} bytes as kubectl's annotation, ${budget} are allowed; its largest subtrees:`,
    ...lines,
  ].join('\n')
}
