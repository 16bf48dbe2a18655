import { type Case, casesOf, profileNames, profiles } from './cases.ts'
import { ruleFor } from './deliberate-differences.ts'
import type { Difference } from './difference.ts'
import { replay } from './replay.ts'

export interface Result {
  readonly id: string
  readonly topic: string
  readonly outcome: 'passed' | 'covered' | 'failed'
  readonly uncovered: readonly Difference[]
  readonly covered: readonly (Difference & { readonly rule: string })[]
}

/** Every case, played. `only` keeps those whose `profile/case` contains it. */
export function runCases(only = ''): Result[] {
  const results: Result[] = []
  for (const name of profileNames()) {
    const profile = profiles.profiles[name]
    if (!profile || name === 'startup') continue
    for (const test of casesOf(name)) {
      const id = `${name}/${test.case}`
      if (id.includes(only)) results.push(run(id, test, profile))
    }
  }
  return results
}

function run(id: string, test: Case, profile: Parameters<typeof replay>[1]): Result {
  const found = safely(() => replay(test, profile))
  const uncovered = found.filter((difference) => !ruleFor(difference))
  const covered = found.flatMap((difference) => {
    const rule = ruleFor(difference)
    return rule ? [{ ...difference, rule: rule.name }] : []
  })
  const outcome = uncovered.length > 0 ? 'failed' : covered.length > 0 ? 'covered' : 'passed'
  return { id, topic: test.topic, outcome, uncovered, covered }
}

/** The renderer promises never to throw; a case in which it does shows that, and the others still run. */
function safely(play: () => Difference[]): Difference[] {
  try {
    return play()
  } catch (error) {
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return [{ path: 'thrown', theirs: undefined, ours: said, marks: [] }]
  }
}

export function table(results: readonly Result[]): string {
  const topics = [...new Set(results.map(({ topic }) => topic))].sort()
  const count = (rows: readonly Result[], outcome: Result['outcome']) =>
    rows.filter((row) => row.outcome === outcome).length
  const line = (name: string, rows: readonly Result[]) =>
    [
      name.padEnd(20),
      ...(['passed', 'covered', 'failed'] as const).map((outcome) => String(count(rows, outcome)).padStart(8)),
    ].join('')
  return [
    `${'topic'.padEnd(20)}  passed covered  failed`,
    ...topics.map((topic) =>
      line(
        topic,
        results.filter((result) => result.topic === topic),
      ),
    ),
    line('all', results),
  ].join('\n')
}
