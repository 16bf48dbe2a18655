import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, PodSpec } from '@millrace/api'
import { servicePorts } from '../src/backend/service.ts'
import type { Workload } from '../src/plan.ts'
import { checkPod } from '../src/pod/check-pod.ts'
import { volumeNameOf } from '../src/pod/storage-uri.ts'
import { mergePodSpec } from '../src/runtime/strategic-merge.ts'

const server: Container = { name: 'kserve-container', image: 'app:1' }

function complaint(container: Partial<Container>, spec: Partial<PodSpec> = {}): string | undefined {
  return checkPod({ ...spec, containers: [{ ...server, ...container }] })?.message
}

test('says what Kubernetes would refuse in a pod', () => {
  assert.equal(complaint({}), undefined)
  assert.match(complaint({ image: '' }) ?? '', /has no image/)
  assert.match(complaint({ resources: { requests: { 'nvidia.com/gpu': '1' } } }) ?? '', /limit is not set/)
  assert.match(complaint({ resources: { claims: [{ name: 'gpu' }] } }) ?? '', /resource claim "gpu"/)
  assert.match(complaint({ readinessProbe: { periodSeconds: 3 } }) ?? '', /readinessProbe .* asks nothing/)
  assert.match(complaint({ livenessProbe: { tcpSocket: { port: 0 } } }) ?? '', /has port 0/)
  assert.match(
    complaint({ startupProbe: { successThreshold: 2, tcpSocket: { port: 80 } } }) ?? '',
    /successThreshold 2/,
  )
})

test('accepts devices, claims and probes that are as Kubernetes wants them', () => {
  const gpu = { 'nvidia.com/gpu': '1' }
  assert.equal(complaint({ resources: { limits: gpu, requests: gpu } }), undefined)
  assert.equal(
    complaint({ resources: { claims: [{ name: 'gpu' }] } }, { resourceClaims: [{ name: 'gpu' }] }),
    undefined,
  )
  const readinessProbe = { successThreshold: 2, grpc: { port: 9000 } }
  assert.equal(complaint({ readinessProbe }), undefined)
})

test('names volumes by their path, validly', () => {
  assert.equal(volumeNameOf('/mnt/models/a'), 'mnt-models-a')
  assert.equal(volumeNameOf('/M_odels/X.y'), 'm-odels-x-y')
  const long = volumeNameOf(`/${'deep/'.repeat(30)}`)
  assert.match(long, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
})

test('gives a volume the one source of the service', () => {
  const { volumes } = mergePodSpec(
    { volumes: [{ name: 'v', emptyDir: {} }] },
    { volumes: [{ name: 'v', configMap: { name: 'own' } }] },
  )
  assert.deepEqual(volumes, [{ name: 'v', configMap: { name: 'own' } }])
})

test('names every port of a Service that has several', () => {
  const ports = [{ containerPort: 8085 }, { containerPort: 9000, name: 'h2c' }]
  const workload = { name: 'w', annotations: {}, pod: { containers: [{ ...server, ports }] } } as unknown as Workload
  assert.deepEqual(
    servicePorts(workload).map(({ name }) => name),
    ['port-8085', 'h2c'],
  )
})
