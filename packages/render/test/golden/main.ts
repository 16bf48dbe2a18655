/** `node test/golden/main.ts [part of a case's name]`: the table, and each difference of the cases that are named. */
import { ruleFor } from './deliberate-differences.ts'
import { runCases, table } from './table.ts'

const [only = '', mode = ''] = process.argv.slice(2)
const results = runCases(only)
if (only !== '' || mode !== '') {
  for (const result of results.filter(({ outcome }) => mode === 'all' || outcome === 'failed')) {
    console.log(`\n# ${result.id}: ${result.outcome}`)
    for (const difference of [...result.uncovered, ...(mode === 'all' ? result.covered : [])]) {
      const rule = ruleFor(difference)
      console.log(
        `  ${rule ? `[${rule.name}] ` : ''}${difference.path}${difference.marks.length > 0 ? ` (${difference.marks.join(', ')})` : ''}`,
      )
      console.log(`    theirs ${JSON.stringify(difference.theirs)}`)
      console.log(`    ours   ${JSON.stringify(difference.ours)}`)
    }
  }
}
console.log(table(results))
