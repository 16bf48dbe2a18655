import type { Scenario } from '../scenario.ts'
import { configMap, deployment, service } from './sample-objects.ts'

export const patchScenarios: readonly Scenario[] = [
  {
    name: 'JSON patches change, test and fail as a whole',
    play: async (api) => {
      const at = 'v1/configmaps/a'
      await api.post('v1/configmaps', configMap('a', { x: '1', y: '2' }))
      await api.patch(at, 'json', [{ op: 'replace', path: '/data/x', value: '3' }])
      await api.patch(at, 'json', [
        { op: 'test', path: '/data/x', value: '3' },
        { op: 'add', path: '/data/z~1w', value: '4' },
        { op: 'copy', from: '/data/x', path: '/data/copied' },
        { op: 'move', from: '/data/y', path: '/data/moved' },
        { op: 'remove', path: '/data/copied' },
      ])
      await api.patch(at, 'json', [{ op: 'test', path: '/data/x', value: 'other' }])
      await api.patch(at, 'json', [{ op: 'remove', path: '/data/absent' }])
      await api.patch(at, 'json', [{ op: 'replace', path: '/data/absent', value: 'x' }])
      await api.patch(at, 'json', [{ op: 'add', path: '/absent/x', value: 'x' }])
      await api.patch(at, 'json', [{ op: 'invent', path: '/data/x', value: 'x' }])
      await api.patch(at, 'json', [{ op: 'add', path: '/data/x', value: 5 }])
      await api.patch(at, 'json', [])
      await api.patch(at, 'json', {})
      await api.patch(at, 'json', '[{ "op":')
      await api.patch(at, 'json', [{ op: 'replace', path: '', value: configMap('a', { whole: 'new' }) }])
      await api.patch('v1/configmaps/absent', 'json', [])
      await api.post('apps/v1/deployments', deployment('d'))
      await api.patch('apps/v1/deployments/d', 'json', [
        { op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'second', image: 'busybox' } },
        { op: 'add', path: '/spec/template/spec/containers/0', value: { name: 'first', image: 'busybox' } },
      ])
      await api.patch('apps/v1/deployments/d', 'json', [{ op: 'remove', path: '/spec/template/spec/containers/7' }])
      await api.patch('apps/v1/deployments/d', 'json', [{ op: 'remove', path: '/spec/template/spec/containers/-1' }])
    },
  },
  {
    name: 'merge patches replace, remove and must be objects',
    play: async (api) => {
      const at = 'v1/configmaps/a'
      await api.post('v1/configmaps', configMap('a', { x: '1', y: '2' }))
      await api.patch(at, 'merge', { data: { x: null, z: '3' } })
      await api.patch(at, 'merge', { data: { z: '3' } })
      await api.patch(at, 'merge', { data: null })
      await api.patch(at, 'merge', {})
      await api.patch(at, 'merge', [])
      await api.patch(at, 'merge', '"text"')
      await api.patch(at, 'merge', '{ "a":')
      await api.patch(at, 'merge', { metadata: { resourceVersion: '1' } })
      await api.patch(at, 'merge', { data: { x: 7 } })
      await api.patch(at, 'merge', { metadata: { labels: { 'not a label': 'x' } } })
      await api.patch(at, 'merge', { metadata: { labels: { a: 'b' }, annotations: { 'Example.com/Note': 'n' } } })
      await api.patch('v1/configmaps/absent', 'merge', {})
      await api.post('apps/v1/deployments', deployment('d'))
      await api.patch('apps/v1/deployments/d', 'merge', {
        spec: { template: { spec: { containers: [{ name: 'only', image: 'busybox' }] } } },
      })
    },
  },
  {
    name: 'strategic patches merge lists by their keys and obey directives',
    play: async (api) => {
      const at = 'apps/v1/deployments/d'
      const containers = (...items: readonly object[]) => ({ spec: { template: { spec: { containers: items } } } })
      await api.post('apps/v1/deployments', deployment('d', { volumes: [{ name: 'v', emptyDir: {} }] }))
      await api.patch(at, 'strategic', containers({ name: 'second', image: 'busybox' }))
      await api.patch(at, 'strategic', containers({ name: 'c', env: [{ name: 'A', value: '1' }] }))
      await api.patch(at, 'strategic', containers({ name: 'c', env: [{ name: 'B', value: '2' }] }))
      await api.patch(at, 'strategic', containers({ name: 'c', env: [{ name: 'A', $patch: 'delete' }] }))
      await api.patch(at, 'strategic', containers({ name: 'c', ports: [{ containerPort: 80, protocol: 'UDP' }] }))
      await api.patch(at, 'strategic', containers({ name: 'second', $patch: 'delete' }))
      await api.patch(at, 'strategic', {
        spec: {
          template: { spec: { $setElementOrder: 1, '$setElementOrder/containers': [{ name: 'z' }, { name: 'c' }] } },
        },
      })
      await api.patch(at, 'strategic', {
        spec: {
          template: {
            spec: {
              '$setElementOrder/containers': [{ name: 'z' }, { name: 'c' }],
              containers: [{ name: 'z', image: 'busybox' }],
            },
          },
        },
      })
      await api.patch(at, 'strategic', { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } })
      await api.patch(at, 'strategic', {
        spec: {
          template: {
            spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'secret'], secret: { secretName: 's' } }] },
          },
        },
      })
      await api.patch(at, 'strategic', { metadata: { '$deleteFromPrimitiveList/finalizers': ['x.io/y'] } })
      await api.patch(at, 'strategic', { metadata: { finalizers: ['x.io/a'] } })
      await api.patch(at, 'strategic', { metadata: { finalizers: ['x.io/b'] } })
      await api.patch(at, 'strategic', { metadata: { '$deleteFromPrimitiveList/finalizers': ['x.io/a'] } })
      await api.patch(at, 'strategic', {
        spec: { template: { spec: { containers: [{ $patch: 'replace' }, { name: 'n', image: 'i' }] } } },
      })
      await api.patch(at, 'strategic', {
        spec: { template: { metadata: { labels: { $patch: 'replace', app: 'd', x: 'y' } } } },
      })
      await api.patch(at, 'strategic', { metadata: { labels: { a: 'b' } } })
      await api.patch(at, 'strategic', { metadata: { labels: { a: null } } })
      await api.patch(at, 'strategic', containers({ image: 'nameless' }))
      await api.patch(at, 'strategic', containers({ name: 'n', $patch: 'sideways' }))
      await api.patch(at, 'strategic', { spec: { replicas: 'three' } })
      await api.patch(at, 'strategic', [])
      await api.patch(at, 'strategic', '{')
      await api.post('v1/services', service('s'))
      await api.patch('v1/services/s', 'strategic', { spec: { ports: [{ port: 81, name: 'other' }] } })
      await api.patch('v1/services/s', 'strategic', {
        spec: {
          ports: [
            { port: 80, name: 'first' },
            { port: 81, name: 'other' },
          ],
        },
      })
      await api.post('v1/serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'x' } })
      await api.patch('v1/serviceaccounts/x', 'strategic', {
        secrets: [{ name: 'one' }],
        imagePullSecrets: [{ name: 'p' }],
      })
      await api.patch('v1/serviceaccounts/x', 'strategic', {
        secrets: [{ name: 'two' }],
        imagePullSecrets: [{ name: 'q' }],
      })
    },
  },
]
