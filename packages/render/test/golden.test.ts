import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseConfig } from '@millrace/api'
import { casesOf, configData, profiles } from './golden/cases.ts'
import { rules } from './golden/deliberate-differences.ts'
import { runCases, table } from './golden/table.ts'

/** Cases that differ from KServe in a way that no rule covers. The list only shrinks. */
const notYetPassing: readonly string[] = []

const results = runCases()

test('does what KServe does in every recorded case, or differs by a rule', () => {
  console.log(table(results))
  const failed = results.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id)
  assert.deepEqual(failed, notYetPassing)
})

test('every rule of the deliberate differences is needed by a case', () => {
  const used = new Set(results.flatMap(({ covered }) => covered.map(({ rule }) => rule)))
  assert.deepEqual(
    rules.map(({ name }) => name).filter((name) => !used.has(name)),
    [],
  )
})

test('the documentation has every deliberate difference, word for word', () => {
  const page = readFileSync(new URL('../../../docs/deliberate-differences.md', import.meta.url), 'utf8')
  for (const { name, why } of rules) assert.ok(page.includes(`**${name}.** ${why}`), name)
})

test('a configuration that KServe does not start with is read, and says what is wrong', () => {
  for (const start of casesOf('startup')) {
    const { baseConfig } = profiles
    assert.ok(Object.keys(baseConfig).length > 0)
    const data = start.noConfigMap ? undefined : configData([start.configOverrides])
    const { config, findings } = parseConfig(data)
    assert.ok(config.ingress.ingressDomain, start.case)
    const isBroken = JSON.stringify(start.expect).includes('unable to parse') || start.case.includes('unknown')
    if (isBroken) assert.notDeepEqual(findings, [], start.case)
  }
})
