import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkObject } from '@millrace/api'
import { ruleCases } from './test-data.ts'

describe('the rules', () => {
  for (const { promise, object, old, defaultDeploymentMode, findings } of ruleCases()) {
    test(promise, () => {
      const context = { old, ...(defaultDeploymentMode ? { defaultDeploymentMode } : {}) }
      const said = checkObject(object, context)
      assert.deepEqual(
        said.map(({ severity, rule, path }) => `${severity} ${rule} ${path}`),
        findings,
      )
      for (const { message } of said) assert.doesNotMatch(message, /undefined|\[object/)
    })
  }
})

test('advice names what was meant', () => {
  const advice = ruleCases().flatMap(({ object, old }) => checkObject(object, { old }).map(({ message }) => message))
  for (const expected of [
    'did you mean "minReplicas"?',
    'it belongs into "model"',
    'remove the quotes',
    'did you mean InferenceService?',
    'did you mean "ClusterFirst"?',
    'did you mean s3://?',
    'did you mean "next"?',
    'b → c → b',
  ]) {
    assert.ok(
      advice.some((message) => message.includes(expected)),
      expected,
    )
  }
})
