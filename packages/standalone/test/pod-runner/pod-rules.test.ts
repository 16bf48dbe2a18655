import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { perPodAddresses, sharedAddress } from '../../src/pod-runner/address-book.ts'
import { containerEnvironment } from '../../src/pod-runner/container-environment.ts'
import { divideQuantity, type DownwardFacts } from '../../src/pod-runner/downward-field.ts'
import { expandVariables } from '../../src/pod-runner/expand-variables.ts'
import { mountPathMapper } from '../../src/pod-runner/map-mount-paths.ts'
import { checkNodeFit, type NodeFacts } from '../../src/pod-runner/node-fit.ts'
import { addressCandidates, parseLoopbackRange } from '../../src/pod-runner/pod-address.ts'
import { isInnerPath } from '../../src/pod-runner/pod-directory.ts'
import type { Pod, PodSpec } from '../../src/pod-runner/pod.ts'
import { planRestart } from '../../src/pod-runner/restart-back-off.ts'
import { platformEnvironment } from '../../src/pod-runner/platform-environment.ts'

function podOf(spec: Partial<PodSpec>, metadata: Pod['metadata'] = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'u', ...metadata },
    spec: { containers: [{ name: 'main' }], ...spec },
  }
}

test('expands variables as Kubernetes does', () => {
  const values = new Map([
    ['A', '1'],
    ['B', '$(A)'],
  ])
  const cases = [
    ['$(A)', '1'],
    ['x$(A)y$(A)', 'x1y1'],
    ['$(C)', '$(C)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$(B)', '$(A)'],
    ['$A ${A} $', '$A ${A} $'],
    ['$(', '$('],
  ]
  for (const [text = '', expected] of cases) assert.equal(expandVariables(text, values), expected)
})

test('maps mount paths at path boundaries only, the longest first, and never twice', () => {
  const map = mountPathMapper([
    { mountPath: '/mnt/models', realPath: '/real/mnt/models' },
    { mountPath: '/mnt/models/sub/', realPath: '/sub' },
    { mountPath: '/mnt', realPath: '/m' },
  ])
  const cases = [
    ['/mnt/models', '/real/mnt/models'],
    ['--dir=/mnt/models/', '--dir=/real/mnt/models/'],
    ['/mnt/models/a b:/mnt/models/sub/x', '/real/mnt/models/a b:/sub/x'],
    ['/mnt/models2', '/m/models2'],
    ['/mntx', '/mntx'],
    ['/data/mnt/models', '/data/mnt/models'],
    ['http://host/mnt/models', 'http://host/mnt/models'],
    ['file:///mnt/models', 'file:///real/mnt/models'],
    ['{"path":"/mnt/models"}', '{"path":"/real/mnt/models"}'],
    ['./mnt/models', './mnt/models'],
  ]
  for (const [text = '', expected] of cases) assert.equal(map(text), expected)
  assert.equal(mountPathMapper([])('/mnt'), '/mnt')
})

test('writes quantities in units of the divisor, rounded up', () => {
  assert.equal(divideQuantity(2.5, '1'), '3')
  assert.equal(divideQuantity(0.25, '1m'), '250')
  assert.equal(divideQuantity(2 ** 30, '1Mi'), '1024')
})

test('backs off from the second restart on, doubles to a bound, and forgets after a good run', () => {
  const limits = { firstMs: 10, maxMs: 35, resetAfterMs: 600 }
  const waits: number[] = []
  let delayMs = 0
  for (const ranMs of [1, 1, 1, 1, 1, 700, 1]) {
    const plan = planRestart(delayMs, ranMs, limits)
    waits.push(plan.waitMs)
    delayMs = plan.nextDelayMs
  }
  assert.deepEqual(waits, [0, 10, 20, 35, 35, 0, 10])
})

test('gives loopback addresses only, the old one first, none that is a network or shared', () => {
  for (const bad of ['10.0.0.0/8', '127.0.0.0/7', '127.0.0.0', '127.300.0.0/16', '127.0.0.0/30']) {
    assert.equal(parseLoopbackRange(bad), undefined, bad)
  }
  const range = parseLoopbackRange('127.64.3.0/24')
  assert.ok(range)
  const all = [...addressCandidates(range, 'seed', '127.64.3.9')]
  assert.equal(all[0], '127.64.3.9')
  assert.equal(new Set(all).size, 254)
  assert.ok(all.every((address) => /^127\.64\.3\.\d+$/.test(address) && !/\.(0|255)$/.test(address)))
  assert.deepEqual([...addressCandidates(range, 'seed', '10.0.0.1')].length, 254)
  const whole = parseLoopbackRange('127.0.0.0/24')
  assert.ok(whole && [...addressCandidates(whole, 's', undefined)].length === 0, '127.0.0.x is for everyone')
})

test('names the program that listens on every address', { skip: process.platform !== 'linux' }, async (t) => {
  const greedy = createServer().listen(0, '0.0.0.0')
  t.after(() => greedy.close())
  await once(greedy, 'listening')
  const { port } = greedy.address() as AddressInfo
  const range = parseLoopbackRange('127.64.3.0/24')
  assert.ok(range)
  const containers = [{ name: 'main', image: 'x', ports: [{ containerPort: port }] }]
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', uid: 'a' }, spec: { containers } }
  const result = await perPodAddresses(range, '127.0.0.1', 'seed').take(pod)
  assert.ok('message' in result)
  const holder = `port ${port} is taken on every address of this machine by process ${process.pid} `
  assert.ok(result.message.startsWith(holder), result.message)
  assert.match(result.message, /let it listen on one address alone/)
})

test('on a shared address says which pod has the port', async () => {
  const book = sharedAddress('127.0.0.1')
  const containers = [{ name: 'main', ports: [{ containerPort: 8080 }] }]
  const first = podOf({ containers }, { uid: '1', name: 'first' })
  assert.deepEqual(await book.take(first), { ip: '127.0.0.1' })
  const second = await book.take(podOf({ containers }, { uid: '2', name: 'second' }))
  assert.ok('message' in second)
  assert.match(second.message, /port 8080 is used by pod ns\/first/)
  book.release({ namespace: 'ns', name: 'first', uid: '1' })
  assert.deepEqual(await book.take(podOf({ containers }, { uid: '2' })), { ip: '127.0.0.1' })
})

test('says why a pod does not fit the node', () => {
  const node: NodeFacts = { name: 'n', labels: { zone: 'a', size: '4' }, isCordoned: false, taints: [] }
  const affinity = (key: string, operator: 'In' | 'Gt' | 'DoesNotExist', values: string[]) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
      },
    },
  })
  const taints = [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }]
  const notReady = [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]
  const cases: [Partial<PodSpec>, Partial<NodeFacts>, RegExp | undefined][] = [
    [{}, {}, undefined],
    [{ nodeSelector: { zone: 'b' } }, {}, /zone=b, and node n has zone=a/],
    [{ affinity: affinity('zone', 'In', ['a', 'b']) }, {}, undefined],
    [{ affinity: affinity('zone', 'In', ['b']) }, {}, /affinity/],
    [{ affinity: affinity('size', 'Gt', ['3']) }, {}, undefined],
    [{ affinity: affinity('zone', 'DoesNotExist', []) }, {}, /affinity/],
    [{}, { isCordoned: true }, /cordoned/],
    [{}, { taints }, /taint gpu:NoSchedule/],
    [{ tolerations: [{ key: 'gpu', operator: 'Exists' }] }, { taints }, undefined],
    [{ tolerations: [{ key: 'gpu', value: 'no' }] }, { taints }, /taint/],
    [{}, { taints: notReady }, undefined],
    [{ schedulingGates: [{ name: 'quota' }] }, {}, /quota/],
  ]
  for (const [spec, facts, expected] of cases) {
    const problem = checkNodeFit(podOf(spec), { ...node, ...facts })
    if (expected) assert.match(problem ?? '', expected)
    else assert.equal(problem, undefined)
  }
})

test('builds the environment from everything that may stand in it', () => {
  const pod = podOf({}, { labels: { app: 'iris' }, annotations: { note: 'x' } })
  const facts: DownwardFacts = { pod, nodeName: 'n', podIP: '127.64.0.1', hostIP: '127.0.0.1', allocatable: { cpu: 2 } }
  const objects: Record<string, object> = {
    'ConfigMap/c': { kind: 'ConfigMap', data: { K: 'v', A: 'config' } },
    'Secret/s': { kind: 'Secret', data: { P: Buffer.from('secret').toString('base64') } },
  }
  const container = {
    name: 'main',
    resources: { limits: { memory: '1Gi' } },
    envFrom: [
      { configMapRef: { name: 'c' } },
      { prefix: 'S_', secretRef: { name: 's' } },
      { secretRef: { name: 'no', optional: true } },
    ],
    env: [
      { name: 'A', value: 'own-$(S_P)-$(LATER)' },
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'LABEL', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'c', key: 'K' } } },
      { name: 'GONE', valueFrom: { secretKeyRef: { name: 's', key: 'none', optional: true } } },
      { name: 'LATER', value: 'last' },
    ],
  }
  const object = ({ kind, name }: { kind: string; name: string }) => objects[`${kind}/${name}`] as never
  const result = containerEnvironment(container, { facts, object, base: { PATH: '/bin' } })
  assert.ok(result.ok)
  assert.deepEqual(Object.fromEntries(result.values), {
    PATH: '/bin',
    K: 'v',
    A: 'own-secret-$(LATER)',
    S_P: 'secret',
    NAME: 'p',
    LABEL: 'iris',
    IP: '127.64.0.1',
    MEMORY: '1024',
    CPU: '2',
    KEY: 'v',
    LATER: 'last',
  })
  const missing = { name: 'main', env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'nope' } } }] }
  const refused = containerEnvironment(missing, { facts, object, base: {} })
  assert.deepEqual(refused, { ok: false, message: 'ConfigMap "c" has no key "nope", which env X needs.' })
})

test('passes on of its own environment only what is harmless', () => {
  const own = { PATH: '/bin', AWS_SECRET_ACCESS_KEY: 'x', HTTPS_PROXY: 'http://corp', NO_PROXY: 'corp.example' }
  const values = platformEnvironment(own, 'http://127.0.0.1:8081')
  assert.equal(values['AWS_SECRET_ACCESS_KEY'], undefined)
  assert.equal(values['HTTP_PROXY'], 'http://127.0.0.1:8081')
  assert.equal(values['HTTPS_PROXY'], 'http://corp')
  assert.match(values['NO_PROXY'] ?? '', /^localhost,.*,corp\.example$/)
})

test('knows a path that stays inside', () => {
  for (const good of ['a', 'a/b', './a', 'a/./b', '..a']) assert.ok(isInnerPath(good), good)
  for (const bad of ['', '/a', '..', 'a/../..', '../a', 'a/..', 'a\0b']) assert.ok(!isInnerPath(bad), bad)
})
