import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServingRuntimeSpec } from '@millrace/api'
import { type Runtime, selectRuntime } from '../src/runtime/select-runtime.ts'

function runtime(name: string, spec: Partial<ServingRuntimeSpec> = {}, scope: Runtime['scope'] = 'cluster'): Runtime {
  const supportedModelFormats = [{ name: 'wax', version: '1', autoSelect: true, priority: 1 }]
  return { name, scope, annotations: {}, created: '', spec: { containers: [], supportedModelFormats, ...spec } }
}

const model = { modelFormat: { name: 'wax' } }

test('says of every loser why it lost', () => {
  const choice = selectRuntime(model, false, [
    runtime('a-chosen', { supportedModelFormats: [{ name: 'wax', autoSelect: true, priority: 5 }] }),
    runtime('b-lower'),
    runtime('c-disabled', { disabled: true }),
    runtime('d-many', { multiModel: true }),
    runtime('e-format', { supportedModelFormats: [{ name: 'tar', autoSelect: true }] }),
    runtime('f-by-name', { supportedModelFormats: [{ name: 'wax' }] }),
    runtime('g-protocol', { protocolVersions: ['v2'] }),
    runtime('h-nodes', { workerSpec: { containers: [] } }),
  ])
  assert.ok(choice.ok)
  assert.equal(choice.runtime.name, 'a-chosen')
  assert.deepEqual(Object.fromEntries(choice.rejected.map(({ runtime, reason }) => [runtime, reason])), {
    'b-lower': 'Priority',
    'c-disabled': 'Disabled',
    'd-many': 'MultiModel',
    'e-format': 'Format',
    'f-by-name': 'AutoSelect',
    'g-protocol': 'Protocol',
    'h-nodes': 'MultiNode',
  })
})

test('prefers the namespace, whatever the priority, and is stable whatever the order', () => {
  const own = runtime('zz', {}, 'namespace')
  const all = [runtime('aa'), own, runtime('bb')]
  for (const order of [all, all.toReversed()]) {
    const choice = selectRuntime(model, false, order)
    assert.ok(choice.ok && choice.runtime === own)
  }
  const tie = selectRuntime(model, false, [runtime('bb'), runtime('aa')])
  assert.ok(tie.ok && tie.runtime.name === 'aa')
})

test('a named runtime must exist, be enabled, speak the protocol and read the format', () => {
  const ask = (spec: Partial<ServingRuntimeSpec>, more: object = {}) =>
    selectRuntime({ ...model, runtime: 'x', ...more }, false, [runtime('x', spec)])
  const reasons = [
    selectRuntime({ ...model, runtime: 'y' }, false, [runtime('x')]),
    ask({ disabled: true }),
    ask({ protocolVersions: ['v1'] }, { protocolVersion: 'v2' }),
    ask({ supportedModelFormats: [{ name: 'tar' }] }),
    ask({ supportedModelFormats: [{ name: 'wax' }] }),
  ].map((choice) => (choice.ok ? 'ok' : choice.reason))
  assert.deepEqual(reasons, [
    'RuntimeNotRecognized',
    'RuntimeDisabled',
    'NoSupportingRuntime',
    'NoSupportingRuntime',
    'ok',
  ])
})
