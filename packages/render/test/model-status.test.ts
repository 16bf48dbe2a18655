import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '@millrace/kube'
import { modelStatus } from '../src/observe/model-status.ts'
import { podFailure } from '../src/observe/pod-failure.ts'

function pod(status: object, name = 'p'): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, status }
}

const crashing = pod({
  containerStatuses: [
    {
      name: 'kserve-container',
      ready: false,
      restartCount: 3,
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } },
      lastState: { terminated: { reason: 'Error', exitCode: 1, message: 'ValueError: not a model\n' } },
    },
  ],
})

test('a crash loop says what the server said last', () => {
  assert.deepEqual(podFailure(crashing), {
    location: 'p',
    reason: 'ModelLoadFailed',
    message: 'ValueError: not a model',
    exitCode: 1,
  })
  const status = modelStatus({ pods: [crashing], isReady: false, hasFailed: false, previous: undefined })
  assert.equal(status.transitionStatus, 'BlockedByFailedLoad')
  assert.equal(status.copies?.failedCopies, 1)
})

test('a download that failed, an image that cannot be pulled and too little memory are told apart', () => {
  const download = pod({
    initContainerStatuses: [
      {
        name: 'storage-initializer',
        state: { terminated: { reason: 'Error', exitCode: 2, message: 'no such bucket' } },
      },
    ],
  })
  const image = pod({
    containerStatuses: [
      { name: 'kserve-container', state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } },
    ],
  })
  const memory = pod({
    containerStatuses: [{ name: 'kserve-container', state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }],
  })
  assert.equal(podFailure(download)?.message, 'no such bucket')
  assert.match(podFailure(image)?.message ?? '', /ImagePullBackOff: not found/)
  assert.match(podFailure(memory)?.message ?? '', /raise resources\.limits\.memory/)
})

test('what is loaded stays loaded while the next version loads, and the failure goes when it succeeds', () => {
  const running = pod({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] })
  const loaded = modelStatus({ pods: [running], isReady: true, hasFailed: false, previous: undefined })
  assert.deepEqual(loaded.states, { activeModelState: 'Loaded', targetModelState: 'Loaded' })
  const failing = modelStatus({ pods: [crashing], isReady: false, hasFailed: false, previous: loaded })
  assert.deepEqual(failing.states, { activeModelState: 'Loaded', targetModelState: 'FailedToLoad' })
  const again = modelStatus({ pods: [running], isReady: true, hasFailed: false, previous: failing })
  assert.equal(again.lastFailureInfo, undefined)
})
