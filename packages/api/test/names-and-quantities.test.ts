import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isQuantity, nearName, parseDeploymentMode, parseQuantity, quantityValue } from '@millrace/api'

test('a near name is the one a person meant, or none', () => {
  const names = ['minReplicas', 'maxReplicas', 'scaleTarget', 'tolerations']
  assert.equal(nearName('minreplicas', names), 'minReplicas')
  assert.equal(nearName('minReplica', names), 'minReplicas')
  assert.equal(nearName('maxRepilcas', names), 'maxReplicas')
  assert.equal(nearName('toleration', names), 'tolerations')
  assert.equal(nearName('bogusField', names), undefined)
  assert.equal(nearName('', names), undefined)
})

test('quantities compare exactly, whatever their suffix', () => {
  assert.equal(parseQuantity('1Ki'), parseQuantity(1024))
  assert.equal(parseQuantity('500m'), parseQuantity('0.5'))
  assert.equal(parseQuantity('1e3'), parseQuantity('1k'))
  assert.equal(parseQuantity('.5Gi'), parseQuantity('512Mi'))
  assert.equal(parseQuantity('-1'), -1_000_000_000n)
  assert.equal(parseQuantity('0.1n'), 1n)
  assert.equal(quantityValue('1.5Gi'), 1.5 * 2 ** 30)
  assert.equal(quantityValue('250m'), 0.25)
  for (const wrong of ['', 'abc', '1 Gi', '1GiB', '1e', '--1', true, null, {}, '1e999999']) {
    assert.equal(parseQuantity(wrong), undefined, String(wrong))
  }
  assert.equal(isQuantity(1.5), false)
  assert.equal(isQuantity('1.5'), true)
})

test('deployment modes have two older spellings, and no others', () => {
  assert.equal(parseDeploymentMode('RawDeployment'), 'Standard')
  assert.equal(parseDeploymentMode('Serverless'), 'Knative')
  assert.equal(parseDeploymentMode('ModelMesh'), 'ModelMesh')
  assert.equal(parseDeploymentMode('standard'), undefined)
  assert.equal(parseDeploymentMode(''), undefined)
  assert.equal(parseDeploymentMode('constructor'), undefined)
})
