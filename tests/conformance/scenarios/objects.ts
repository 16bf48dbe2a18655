import { type ApiAnswer, revisionOf, uidOf, valueAt } from '../api-answer.ts'
import type { Scenario } from '../scenario.ts'
import { configMap, deployment } from './sample-objects.ts'

export const objectScenarios: readonly Scenario[] = [
  {
    name: 'an object is created once, read, and absent after its deletion',
    play: async (api) => {
      await api.get('v1/configmaps/a')
      await api.post('v1/configmaps', configMap('a', { x: '1' }))
      await api.post('v1/configmaps', configMap('a'))
      await api.get('v1/configmaps/a')
      await api.delete('v1/configmaps/a')
      await api.get('v1/configmaps/a')
      await api.delete('v1/configmaps/a')
    },
  },
  {
    name: 'a body must fit its address',
    play: async (api) => {
      await api.post('v1/configmaps', { ...configMap('a'), kind: 'Secret' })
      await api.post('v1/configmaps', { ...configMap('a'), apiVersion: 'v2' })
      await api.post('v1/configmaps', { metadata: { name: 'bare' } })
      await api.post('v1/configmaps', { ...configMap('a'), metadata: { name: 'a', namespace: 'elsewhere' } })
      await api.post('v1/configmaps', { ...configMap('a'), metadata: {} })
      await api.post('v1/configmaps', { ...configMap('a'), metadata: { name: 'Not_A_Name' } })
      await api.post('v1/configmaps', { ...configMap('a'), metadata: { name: 'a', resourceVersion: '1' } })
      await api.post('v1/configmaps/a', configMap('a'))
      await api.post('v1/configmaps', '{ "not": json')
      await api.post('v1/configmaps', '')
      await api.post('v1/configmaps', '[]')
      await api.post('v1/configmaps', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\n', {
        contentType: 'application/yaml',
      })
      await api.post('v1/configmaps', 'hello', { contentType: 'text/plain' })
      await api.post('v1/configmaps', { ...configMap('a'), data: { x: 1 } })
      await api.post('v1/configmaps', { ...configMap('a'), data: ['x'] })
      await api.post('apps/v1/deployments', { ...deployment('d'), spec: 'no' })
      await api.put('v1/configmaps/a', configMap('b'))
      await api.put('v1/configmaps/absent', configMap('absent'))
      await api.post('/api/v1/namespaces/nowhere/configmaps', configMap('a'))
      await api.put('/api/v1/configmaps', configMap('a'))
      await api.call('POST', '/api/v1/configmaps', { body: configMap('a') })
    },
  },
  {
    name: 'addresses of nothing are refused in the same words',
    play: async (api) => {
      await api.get('v1/gadgets')
      await api.get('v1/gadgets/a')
      await api.get('apps/v1/gadgets')
      await api.get('apps/v9/deployments')
      await api.get('/apis/nothing.example.com/v1/things')
      await api.get('/apis/nothing.example.com')
      await api.get('/nothing')
      await api.get('v1/configmaps/a/status')
      await api.get('v1/pods/a/nothing')
      await api.patch('v1/configmaps', 'merge', {})
      await api.put('v1/configmaps', configMap('a'))
      await api.call('PATCH', 'v1/configmaps/a', { body: {}, contentType: 'application/json' })
      await api.call('OPTIONS', 'v1/configmaps')
    },
  },
  {
    name: 'updates ask for the latest state',
    play: async (api) => {
      const first = await api.post('v1/configmaps', configMap('a', { x: '1' }))
      const second = await api.put('v1/configmaps/a', { ...asObject(first), data: { x: '2' } })
      await api.put('v1/configmaps/a', { ...asObject(first), data: { x: '3' } })
      await api.put('v1/configmaps/a', { ...asObject(second) })
      await api.put('v1/configmaps/a', configMap('a', { x: '4' }))
      await api.put('v1/configmaps/a', {
        ...configMap('a'),
        metadata: { name: 'a', uid: '11111111-1111-1111-1111-111111111111' },
      })
      await api.put('v1/configmaps/a', { ...configMap('a'), metadata: { name: 'a', resourceVersion: 'not-a-number' } })
      await api.put('v1/configmaps/a', { ...configMap('a'), metadata: { name: 'a', creationTimestamp: null } })
      await api.post('coordination.k8s.io/v1/leases', lease('l'))
      await api.put('coordination.k8s.io/v1/leases/l', lease('l'))
      await api.put('coordination.k8s.io/v1/leases/made-by-put', lease('made-by-put'))
      const immutable = await api.post('v1/configmaps', { ...configMap('still', { x: '1' }), immutable: true })
      await api.put('v1/configmaps/still', { ...asObject(immutable), data: { x: '2' } })
      await api.put('v1/configmaps/still', { ...asObject(immutable), immutable: false })
    },
  },
  {
    name: 'generation counts changes of what is wanted',
    play: async (api) => {
      const first = await api.post('apps/v1/deployments', deployment('d'))
      await api.patch('apps/v1/deployments/d', 'merge', { spec: { replicas: 3 } })
      await api.patch('apps/v1/deployments/d', 'merge', { metadata: { labels: { x: 'y' } } })
      await api.patch('apps/v1/deployments/d', 'merge', { metadata: { annotations: { x: 'y' } } })
      await api.patch('apps/v1/deployments/d', 'merge', { status: { replicas: 9 } })
      await api.patch('apps/v1/deployments/d', 'merge', { metadata: { generation: 77 } })
      await api.patch('apps/v1/deployments/d/status', 'merge', { status: { replicas: 9, observedGeneration: 3 } })
      await api.put('apps/v1/deployments/d', { ...asObject(first), metadata: { name: 'd' } })
    },
  },
  {
    name: 'names are generated',
    play: async (api) => {
      await api.post('v1/configmaps', { ...configMap(''), metadata: { generateName: 'made-' } })
      await api.post('v1/configmaps', { ...configMap(''), metadata: { generateName: 'Bad_' } })
      await api.post('v1/configmaps', { ...configMap(''), metadata: { name: 'given', generateName: 'made-' } })
      const long = await api.post('v1/services', {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { generateName: 's'.repeat(70) },
        spec: { ports: [{ port: 80 }] },
      })
      const name = valueAt(long.body, 'metadata', 'name')
      api.note('length of a cut name', typeof name === 'string' ? name.length : name)
    },
  },
  {
    name: 'dry runs answer and leave nothing',
    play: async (api) => {
      await api.post('v1/configmaps?dryRun=All', configMap('a'))
      await api.get('v1/configmaps/a')
      await api.post('v1/configmaps?dryRun=Some', configMap('a'))
      await api.post('v1/configmaps?dryRun=All&dryRun=All', configMap('a'))
      await api.post('v1/configmaps', configMap('a', { x: '1' }))
      await api.post('v1/configmaps?dryRun=All', configMap('a'))
      await api.patch('v1/configmaps/a?dryRun=All', 'merge', { data: { x: '2' } })
      await api.put('v1/configmaps/a?dryRun=All', configMap('a', { x: '3' }))
      await api.patch('v1/configmaps/b?dryRun=All&fieldManager=m', 'apply', configMap('b'))
      await api.get('v1/configmaps/b')
      await api.delete('v1/configmaps/a?dryRun=All')
      await api.delete('v1/configmaps/a', { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] })
      await api.delete('v1/configmaps?dryRun=All')
      await api.get('v1/configmaps/a')
      await api.post('v1/configmaps?dryRun=All', { ...configMap(''), metadata: { generateName: 'made-' } })
      await api.post('v1/services?dryRun=All', {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's' },
        spec: { ports: [{ port: 80 }] },
      })
    },
  },
  {
    name: 'deletions keep their preconditions, finalizers and options',
    play: async (api) => {
      const first = await api.post('v1/configmaps', {
        ...configMap('a'),
        metadata: { name: 'a', finalizers: ['x.io/hold'] },
      })
      await api.delete('v1/configmaps/a', { preconditions: { uid: '11111111-1111-1111-1111-111111111111' } })
      await api.delete('v1/configmaps/a', { preconditions: { resourceVersion: '1' } })
      await api.delete('v1/configmaps/a', { preconditions: { uid: uidOf(first), resourceVersion: revisionOf(first) } })
      await api.get('v1/configmaps/a')
      await api.delete('v1/configmaps/a')
      await api.patch('v1/configmaps/a', 'merge', { metadata: { finalizers: ['x.io/hold', 'x.io/more'] } })
      await api.patch('v1/configmaps/a', 'merge', { data: { still: 'writable' } })
      await api.patch('v1/configmaps/a', 'merge', { metadata: { deletionTimestamp: null } })
      await api.post('v1/configmaps', configMap('a'))
      await api.patch('v1/configmaps/a', 'merge', { metadata: { finalizers: null } })
      await api.get('v1/configmaps/a')
      await api.post('v1/configmaps', { ...configMap('b'), metadata: { name: 'b', finalizers: ['nameless'] } })
      await api.post('v1/configmaps', {
        ...configMap('b'),
        metadata: { name: 'b', finalizers: ['foregroundDeletion'] },
      })
      await api.delete('v1/configmaps/b', { propagationPolicy: 'Sideways' })
      await api.delete('v1/configmaps/b', { propagationPolicy: 'Orphan', orphanDependents: true })
      await api.delete('v1/configmaps/b', { gracePeriodSeconds: -1 })
      await api.delete('v1/configmaps/b', { kind: 'Nonsense', apiVersion: 'v1' })
      await api.delete('v1/configmaps/b', '{ not json')
      await api.delete('v1/configmaps/b?gracePeriodSeconds=soon')
    },
  },
  {
    name: 'a pod that runs nowhere goes at once, a placed one in its grace period',
    play: async (api) => {
      const pod = (name: string, spec: object = {}) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name },
        spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'nginx' }], ...spec },
      })
      await api.post('v1/pods', pod('free'))
      await api.delete('v1/pods/free')
      await api.get('v1/pods/free')
      await api.post('v1/pods', pod('placed', { nodeName: 'a-node' }))
      await api.delete('v1/pods/placed')
      await api.delete('v1/pods/placed?gracePeriodSeconds=5')
      await api.get('v1/pods/placed')
      await api.delete('v1/pods/placed?gracePeriodSeconds=0')
      await api.get('v1/pods/placed')
      await api.post('v1/pods', pod('quick', { nodeName: 'a-node', terminationGracePeriodSeconds: 0 }))
      await api.delete('v1/pods/quick')
    },
  },
  {
    name: 'collections are deleted by selector',
    play: async (api) => {
      for (const [name, labels] of [
        ['a', { k: '1' }],
        ['b', { k: '2' }],
        ['c', { k: '2' }],
      ] as const) {
        await api.post('v1/configmaps', { ...configMap(name), metadata: { name, labels } })
      }
      await api.delete('v1/configmaps?labelSelector=k%3D2')
      await api.get('v1/configmaps')
      await api.delete('v1/configmaps?fieldSelector=metadata.name%3Dnone')
      await api.delete('v1/configmaps')
      await api.get('v1/configmaps')
      await api.delete('v1/services')
    },
  },
  {
    name: 'what the server alone writes stays as it is',
    play: async (api) => {
      const first = await api.post('v1/configmaps', {
        ...configMap('a'),
        metadata: {
          name: 'a',
          uid: 'mine',
          creationTimestamp: '2001-01-01T00:00:00Z',
          deletionTimestamp: '2001-01-01T00:00:00Z',
          generation: 7,
          selfLink: '/x',
        },
      })
      await api.put('v1/configmaps/a', {
        ...asObject(first),
        metadata: { name: 'a', creationTimestamp: '2001-01-01T00:00:00Z', selfLink: '/y', generation: 9 },
      })
      await api.patch('v1/configmaps/a', 'merge', { metadata: { name: 'b' } })
      await api.patch('v1/configmaps/a', 'merge', { metadata: { namespace: 'other' } })
      await api.patch('v1/configmaps/a', 'merge', { metadata: { uid: 'other' } })
      await api.patch('v1/configmaps/a', 'merge', { kind: 'Secret' })
      await api.patch('v1/configmaps/a', 'merge', { apiVersion: 'v2' })
      await api.post('v1/namespaces', {})
      await api.post('/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'a', namespace: 'b' },
      })
    },
  },
]

const asObject = ({ body }: ApiAnswer): Readonly<Record<string, unknown>> =>
  typeof body === 'object' && body !== null ? { ...body } : {}

const lease = (name: string): object => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name },
  spec: { holderIdentity: 'me', leaseDurationSeconds: 15 },
})
