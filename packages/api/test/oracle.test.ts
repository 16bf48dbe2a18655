import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Finding, formatFinding, validateObject } from '@millrace/api'
import { type OracleCase, oracle } from './test-data.ts'

/** What KServe's schema accepts and ours refuses on purpose; each is explained in docs/api-differences.md. */
const deliberate: readonly { readonly rule: string; readonly where: RegExp }[] = [
  { rule: 'duplicate', where: /\.(containers|initContainers|ephemeralContainers|volumes)\[\d+\]$/ },
]

function isDeliberate(finding: Finding): boolean {
  return deliberate.some(({ rule, where }) => finding.rule === rule && where.test(finding.path))
}

function errorsOf(each: OracleCase): readonly Finding[] {
  return validateObject(each.object.kind, each.object).filter(({ severity }) => severity === 'error')
}

test("agrees with KServe's full schema on every object of the oracle, but for the listed differences", () => {
  const disagreements = oracle()
    .map((each) => ({ each, errors: errorsOf(each).filter((finding) => !isDeliberate(finding)) }))
    .filter(({ each, errors }) => (errors.length === 0) !== each.accepted)
    .map(({ each, errors }) => `${each.op} ${each.path}: ${each.message ?? errors.map(formatFinding).join('; ')}`)
  assert.deepEqual(disagreements, [])
})

test('the oracle has cases of both kinds, so that agreeing means something', () => {
  const cases = oracle()
  assert.ok(cases.filter(({ accepted }) => accepted).length > 50)
  assert.ok(cases.filter(({ accepted }) => !accepted).length > 150)
})

test('every refusal says where: the place that KServe names is among ours', () => {
  for (const each of oracle()) {
    const theirs = /(?:unknown field "|: \[?)(spec[^":]*)/.exec(each.message ?? '')?.[1]
    if (!theirs) continue
    const paths = errorsOf(each).map(({ path }) => path)
    assert.ok(
      paths.some((path) => path === theirs || path.startsWith(theirs) || theirs.startsWith(path)),
      `${each.op} ${each.path}: KServe names ${theirs}, we name ${paths.join(', ')}`,
    )
  }
})
