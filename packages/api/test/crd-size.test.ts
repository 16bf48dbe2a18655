import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  annotationBytes,
  annotationBytesMax,
  type CustomResourceDefinition,
  measureCrds,
  nextRecord,
  sizesOf,
  variantRules,
  warningPercent,
} from '@millrace/api'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '../../..')

describe('the size of the CRDs', () => {
  const measured = measureCrds()

  test('is within the budget in every form; what comes near is told', () => {
    for (const { name, form, size, budget, givenUp } of measured) {
      assert.ok(size.annotationBytes <= budget, `${name} (${form})`)
      const percent = Math.round((size.annotationBytes / budget) * 100)
      if (percent >= warningPercent) console.log(`${name} (${form}) has ${percent} % of its budget`)
      if (form === 'full') assert.deepEqual(givenUp, [], `${name} gives nothing up by default`)
    }
    assert.equal(variantRules.full.bytesMax, annotationBytesMax)
    assert.equal(variantRules.minimal.bytesMax, 16_384)
  })

  test('is within it as installed too, with the labels and annotations of an installation', () => {
    const files = globSync(['deploy/crds/*/*/*.yaml', 'deploy/helm/millrace-crds/files/*/*/*.yaml'], { cwd: root })
    const crds = files.filter((file) => !file.endsWith('kustomization.yaml'))
    assert.ok(crds.length > 40, `${crds.length}`)
    for (const file of crds) {
      const crd = parse(readFileSync(join(root, file), 'utf8')) as CustomResourceDefinition
      const { bytesMax } = file.includes('/minimal') ? variantRules.minimal : variantRules.full
      assert.ok(annotationBytes(crd) <= bytesMax, `${file}: ${annotationBytes(crd)}`)
      if (file.includes('/full/')) assert.ok(annotationBytes(crd) <= 200_000, `${file}: ${annotationBytes(crd)}`)
    }
  })

  test('is remembered when a release goes by, and only then', () => {
    const sizes = sizesOf(measured)
    assert.ok((sizes['full']?.['inferenceservices.serving.kserve.io'] ?? 0) > 100_000)
    const first = nextRecord(undefined, '1.0.0', { full: { a: 1 } })
    assert.deepEqual(first, { version: '1.0.0', sizes: { full: { a: 1 } } })
    const same = nextRecord(first, '1.0.0', { full: { a: 2 } })
    assert.deepEqual(same, { version: '1.0.0', sizes: { full: { a: 2 } } })
    const second = nextRecord(same, '1.1.0', { full: { a: 3 } })
    assert.deepEqual(second, { version: '1.1.0', sizes: { full: { a: 3 } }, lastRelease: same })
    assert.deepEqual(nextRecord(second, '1.1.0', { full: { a: 4 } }).lastRelease, same)
  })
})
