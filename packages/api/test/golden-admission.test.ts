import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { checkObject, type Finding, formatFinding, parseConfig, shippedRuntimes } from '@millrace/api'
import { type AdmissionCase, type AdmissionData, goldenAdmission } from './test-data.ts'

/** Rules by which we refuse what KServe accepts; each is explained in docs/api-differences.md. */
const stricter: ReadonlySet<string> = new Set([
  'canary-traffic',
  'deployment-mode',
  'format-priority',
  'graph-cycle',
  'scale-annotation',
  'initial-over-max',
  'max-replicas',
  'min-replicas',
  'multi-node-mode',
  'pvc-path',
  'scale-target',
  'unknown-field',
])

function errorsOf(each: AdmissionCase, { configs }: AdmissionData): readonly Finding[] {
  const { config } = parseConfig(configs[each.config])
  const context = {
    old: each.old,
    defaultDeploymentMode: config.deploy.defaultDeploymentMode,
    gpuResourceTypes: config.multiNode.customGPUResourceTypeList,
    runtimes: each.object.kind === 'ClusterServingRuntime' ? shippedRuntimes : (each.before ?? []),
  }
  return checkObject(each.object, context).filter(({ severity }) => severity === 'error')
}

describe('objects that were sent to KServe', () => {
  const data = goldenAdmission()

  test('what KServe refuses is refused', () => {
    const accepted = data.cases.filter((each) => each.refused && errorsOf(each, data).length === 0)
    assert.deepEqual(
      accepted.map((each) => `${each.case}: ${each.refused}`),
      [],
    )
  })

  test('what KServe accepts is accepted, unless a listed rule refuses it', () => {
    const refused = data.cases
      .filter((each) => !each.refused)
      .flatMap((each) => errorsOf(each, data).map((finding) => ({ each, finding })))
      .filter(({ finding }) => !stricter.has(finding.rule))
    assert.deepEqual(
      refused.map(({ each, finding }) => `${each.case}: ${formatFinding(finding)}`),
      [],
    )
  })

  test('every stricter rule is used by a case, so that the list does not outlive its reasons', () => {
    const used = new Set(
      data.cases.filter((each) => !each.refused).flatMap((each) => errorsOf(each, data).map(({ rule }) => rule)),
    )
    assert.deepEqual(
      [...stricter].filter((rule) => !used.has(rule)),
      [],
    )
  })

  test('every stricter rule is explained in the list of differences', () => {
    const list = readFileSync(join(import.meta.dirname, '../../../docs/api-differences.md'), 'utf8')
    assert.deepEqual(
      [...stricter].filter((rule) => !list.includes(`\`${rule}\``)),
      [],
    )
  })

  test('every refusal names a place and says more than that something is wrong', () => {
    for (const each of data.cases.filter(({ refused }) => refused)) {
      for (const finding of errorsOf(each, data)) {
        assert.match(finding.path, /^(metadata|spec)\./, each.case)
        assert.ok(finding.message.split(' ').length >= 4, `${each.case}: ${formatFinding(finding)}`)
      }
    }
  })
})
