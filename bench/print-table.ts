import type { Figure } from './bench-part.ts'
import type { MachineFacts } from './machine-facts.ts'

/** What came of one part: its figures, or why there are none. */
export interface PartResult {
  readonly name: string
  readonly title: string
  readonly seconds: number
  readonly figures: readonly Figure[]
  readonly failure?: string
}

/** One table for people: figure, value, and the ratio to what was measured beside it. */
export function formatTable(machine: MachineFacts, results: readonly PartResult[]): string {
  const rows = results.flatMap(({ figures }) => figures)
  const nameWidth = Math.max(10, ...rows.map((row) => row.name.length)) + 2
  const lines = [
    `${machine.cores} cores, ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.kernel}, Node ${machine.node}, load before ${machine.loadBefore.toFixed(1)}`,
  ]
  for (const result of results) {
    lines.push('', `${result.title} (${result.name}, took ${result.seconds.toFixed(0)} s)`)
    if (result.failure !== undefined) lines.push(`  failed: ${result.failure}`)
    for (const { name, value, unit, ratio } of result.figures) {
      const amount = `${formatNumber(value)} ${unit}`
      const compared = ratio ? `${formatNumber(ratio.value)} × ${ratio.of}` : ''
      lines.push(`  ${name.padEnd(nameWidth)}${amount.padStart(16)}   ${compared}`.trimEnd())
    }
  }
  return `${lines.join('\n')}\n`
}

/** Three digits that count: 12 345, 123, 12.3, 1.23. */
function formatNumber(value: number): string {
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(size >= 10 ? 1 : 2)
}
