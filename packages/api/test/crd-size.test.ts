import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  annotationBytes,
  annotationBytesMax,
  type CustomResourceDefinition,
  isNearBudget,
  measureCrds,
  nextRecord,
  sizesOf,
  variantRules,
} from '@millrace/api'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '../../..')

const sized = (bytes: number) => ({ full: { a: { bytes, subtrees: {} } } })

describe('the size of the CRDs', () => {
  const measured = measureCrds()

  test('is within the budget in every form; what comes near is told', () => {
    for (const { name, form, size, budget, givenUp } of measured) {
      assert.ok(size.annotationBytes <= budget, `${name} (${form})`)
      if (isNearBudget(size.annotationBytes, budget)) console.log(`${name} (${form}): ${size.annotationBytes} bytes`)
      if (form === 'full') assert.deepEqual(givenUp, [], `${name} gives nothing up by default`)
    }
    assert.deepEqual([isNearBudget(79, 100), isNearBudget(80, 100), isNearBudget(101, 100)], [false, true, true])
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
    const services = sizes['full']?.['inferenceservices.serving.kserve.io']
    assert.ok((services?.bytes ?? 0) > 100_000)
    assert.ok((services?.subtrees['v1beta1 spec.predictor.volumes'] ?? 0) > 10_000)
    const first = nextRecord(undefined, '1.0.0', sized(1))
    assert.deepEqual(first, { version: '1.0.0', sizes: sized(1) })
    const same = nextRecord(first, '1.0.0', sized(2))
    assert.deepEqual(same, { version: '1.0.0', sizes: sized(2) })
    const second = nextRecord(same, '1.1.0', sized(3))
    assert.deepEqual(second, { version: '1.1.0', sizes: sized(3), lastRelease: same })
    assert.deepEqual(nextRecord(second, '1.1.0', sized(4)).lastRelease, same)
  })
})
