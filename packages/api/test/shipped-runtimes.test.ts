import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkObject, shippedRuntimes, shippedStorageContainers } from '@millrace/api'

describe('what ships', () => {
  test('is accepted by our own rules, priorities against each other included', () => {
    for (const object of [...shippedRuntimes, ...shippedStorageContainers]) {
      assert.deepEqual(checkObject(object, { runtimes: shippedRuntimes }), [], object.metadata.name)
    }
  })

  test('has the names that people’s services refer to', () => {
    const names = shippedRuntimes.map(({ metadata }) => metadata.name)
    for (const name of ['kserve-sklearnserver', 'kserve-xgbserver', 'kserve-lgbserver', 'kserve-tritonserver']) {
      assert.ok(names.includes(name), name)
    }
    assert.equal(new Set(names).size, names.length)
  })

  test('finds a server for onnx in both protocols, Triton first where it can', () => {
    const serving = (protocol: string): readonly (string | undefined)[] =>
      shippedRuntimes
        .filter(({ spec }) => spec.protocolVersions?.includes(protocol))
        .filter(({ spec }) => spec.supportedModelFormats?.some((each) => each.name === 'onnx' && each.autoSelect))
        .map(({ metadata }) => metadata.name)
    assert.deepEqual(serving('v1'), ['millrace-onnxserver'])
    assert.deepEqual(serving('v2'), ['kserve-tritonserver', 'millrace-onnxserver'])
  })
})
