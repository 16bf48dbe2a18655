import type { Scenario } from '../scenario.ts'
import { configMap, deployment } from './sample-objects.ts'

export const applyScenarios: readonly Scenario[] = [
  {
    name: 'apply creates, owns, gives up and takes over fields',
    play: async (api) => {
      const at = (manager: string, more = '') => `v1/configmaps/a?fieldManager=${manager}${more}`
      await api.patch('v1/configmaps/a', 'apply', configMap('a'))
      await api.patch(at('one'), 'apply', configMap('a', { x: '1', y: '2' }))
      await api.patch(at('one'), 'apply', configMap('a', { x: '1', y: '2' }))
      await api.patch(at('two'), 'apply', configMap('a', { x: '1' }))
      await api.patch(at('two'), 'apply', configMap('a', { x: '9', y: '9' }))
      await api.patch(at('two', '&force=true'), 'apply', configMap('a', { x: '9' }))
      await api.patch(at('one'), 'apply', configMap('a', { y: '2' }))
      await api.patch(at('one'), 'apply', configMap('a'))
      await api.patch('v1/configmaps/a?fieldManager=editor', 'merge', { data: { x: '10' } })
      await api.patch(at('two'), 'apply', configMap('a', { x: '11' }))
      await api.patch(at('two'), 'apply', configMap('a', {}))
      await api.get('v1/configmaps/a')
      await api.patch(at('two'), 'apply', { ...configMap('a', { n: '1' }), metadata: { name: 'a', managedFields: [] } })
      await api.patch(at('two'), 'apply', {
        ...configMap('a'),
        metadata: { name: 'a', managedFields: [{ manager: 'x', operation: 'Apply', apiVersion: 'v1' }] },
      })
      await api.patch(at('two', '&force=perhaps'), 'apply', configMap('a'))
      await api.patch('v1/configmaps/a?fieldManager=x&force=true', 'merge', { data: {} })
      await api.patch(at('two'), 'apply', configMap('b'))
      await api.patch(at('two'), 'apply', { ...configMap('a'), kind: 'Secret' })
      await api.patch(at('two'), 'apply', { metadata: { name: 'a' } })
      await api.patch(
        at('two'),
        'apply',
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  from: yaml\n',
      )
      await api.patch(at('two'), 'apply', 'a: b: c')
      await api.patch(at('two'), 'apply', { ...configMap('a'), invented: 1 })
      await api.patch(at('two'), 'apply', { ...configMap('a'), data: { x: 1 } })
      await api.patch(at('x'.repeat(130)), 'apply', configMap('a'))
      await api.patch(at('bad%00name'), 'apply', configMap('a'))
      await api.patch('v1/configmaps/a?fieldManager=two', 'merge', { metadata: { managedFields: [] } })
      await api.patch('v1/configmaps/a?fieldManager=two', 'merge', { metadata: { managedFields: [{}] } })
      await api.get('v1/configmaps/a')
    },
  },
  {
    name: 'apply merges lists by their keys and tells conflicts by path',
    play: async (api) => {
      const at = (manager: string, more = '') => `apps/v1/deployments/d?fieldManager=${manager}${more}`
      const part = (...containers: readonly object[]) => ({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd' },
        spec: { template: { spec: { containers } } },
      })
      await api.patch(at('owner'), 'apply', deployment('d'))
      await api.patch(at('side'), 'apply', part({ name: 'sidecar', image: 'busybox' }))
      await api.patch(at('side'), 'apply', part({ name: 'c', image: 'other' }))
      await api.patch(at('side'), 'apply', part({ name: 'c', env: [{ name: 'A', value: '1' }] }))
      await api.patch(
        at('side'),
        'apply',
        part({ name: 'c', ports: [{ containerPort: 80, protocol: 'TCP', name: 'http' }] }),
      )
      await api.patch(at('side'), 'apply', part({ name: 'c', ports: [{ containerPort: 80 }, { containerPort: 80 }] }))
      await api.patch(at('side'), 'apply', part({ image: 'nameless' }))
      await api.patch(at('side'), 'apply', part({ name: 'c', image: 'a' }, { name: 'c', image: 'b' }))
      await api.patch('apps/v1/deployments/d/scale?fieldManager=scaler', 'merge', { spec: { replicas: 5 } })
      await api.patch(at('owner'), 'apply', {
        ...deployment('d'),
        spec: { ...(deployment('d').spec as object), replicas: 2 },
      })
      await api.patch('apps/v1/deployments/d/scale?fieldManager=applier', 'apply', {
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name: 'd' },
        spec: { replicas: 4 },
      })
      await api.patch('apps/v1/deployments/d/status?fieldManager=watcher', 'apply', {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd' },
        spec: { replicas: 9 },
        status: { observedGeneration: 2, conditions: [{ type: 'Available', status: 'True' }] },
      })
      await api.patch('apps/v1/deployments/d/status?fieldManager=other', 'apply', {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd' },
        status: {
          conditions: [
            { type: 'Progressing', status: 'True' },
            { type: 'Available', status: 'False' },
          ],
        },
      })
      await api.patch(at('side'), 'apply', part())
      await api.get('apps/v1/deployments/d')
    },
  },
  {
    name: 'a manager of updates becomes one of apply, and the first apply after kubectl takes over',
    play: async (api) => {
      await api.post('v1/configmaps?fieldManager=kubectl-client-side-apply', {
        ...configMap('a', { x: '1', y: '2' }),
        metadata: {
          name: 'a',
          annotations: {
            'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(configMap('a', { x: '1', y: '2' })),
          },
        },
      })
      await api.patch('v1/configmaps/a?fieldManager=kubectl', 'apply', configMap('a', { x: '1' }))
      await api.post('v1/configmaps', configMap('b', { x: '1' }), { userAgent: 'some-tool/v1.2 (linux)' })
      await api.put('v1/configmaps/b', configMap('b', { x: '2' }), { userAgent: 'Mozilla/5.0' })
      await api.put('v1/configmaps/b?fieldManager=named', configMap('b', { y: '2' }))
      await api.put('v1/configmaps/b?fieldManager=named', configMap('b', { y: '2' }))
    },
  },
  {
    name: 'atomic lists, sets, maps and nested objects are owned as their schema says',
    play: async (api) => {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p', finalizers: ['x.io/a'], labels: { a: 'b' } },
        spec: {
          automountServiceAccountToken: false,
          nodeSelector: { disk: 'ssd' },
          tolerations: [{ key: 'a', operator: 'Exists' }],
          hostAliases: [{ ip: '1.2.3.4', hostnames: ['h'] }],
          containers: [
            {
              name: 'c',
              image: 'i',
              args: ['a', 'b'],
              resources: { requests: { cpu: '1', memory: '1Gi' } },
              volumeMounts: [{ name: 'v', mountPath: '/v' }],
              securityContext: { capabilities: { add: ['NET_ADMIN'] } },
            },
          ],
          volumes: [{ name: 'v', configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } }],
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'zone',
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: { matchLabels: { a: 'b' } },
            },
          ],
        },
      }
      await api.patch('v1/pods/p?fieldManager=m', 'apply', pod)
      await api.post('v1/pods?fieldManager=u', { ...pod, metadata: { ...pod.metadata, name: 'q' } })
      await api.patch('v1/services/s?fieldManager=m', 'apply', {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's' },
        spec: {
          ports: [
            { name: 'a', port: 80 },
            { name: 'b', port: 81, protocol: 'UDP' },
          ],
          externalIPs: ['1.2.3.4'],
        },
      })
      await api.patch('v1/secrets/s?fieldManager=m', 'apply', {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 's' },
        stringData: { a: 'b' },
        data: { c: 'ZA==' },
      })
      await api.patch('rbac.authorization.k8s.io/v1/roles/r?fieldManager=m', 'apply', {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'r' },
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
      })
    },
  },
]
