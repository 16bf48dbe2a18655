import type { Scenario } from '../scenario.ts'
import { deployment, pod } from './sample-objects.ts'

const scale = (name: string, replicas: number | string, resourceVersion?: string) => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name, ...(resourceVersion && { resourceVersion }) },
  spec: { replicas },
})

export const subresourceScenarios: readonly Scenario[] = [
  {
    name: 'scale reads and writes replicas alone',
    play: async (api) => {
      await api.post('apps/v1/deployments', deployment('d'))
      await api.get('apps/v1/deployments/d/scale')
      await api.put('apps/v1/deployments/d/scale', scale('d', 3))
      await api.put('apps/v1/deployments/d/scale', scale('d', -1))
      await api.put('apps/v1/deployments/d/scale', scale('d', 'two'))
      await api.put('apps/v1/deployments/d/scale', scale('other', 2))
      await api.put('apps/v1/deployments/d/scale', scale('d', 2, '1'))
      await api.put('apps/v1/deployments/d/scale', deployment('d'))
      await api.patch('apps/v1/deployments/d/scale', 'merge', { spec: { replicas: 0 } })
      await api.patch('apps/v1/deployments/d/scale', 'json', [{ op: 'replace', path: '/spec/replicas', value: 4 }])
      await api.patch('apps/v1/deployments/d/scale', 'strategic', { spec: { replicas: 5 } })
      await api.patch('apps/v1/deployments/d/scale', 'merge', { metadata: { labels: { a: 'b' } } })
      await api.patch('apps/v1/deployments/d/scale?dryRun=All', 'merge', { spec: { replicas: 50 } })
      await api.get('apps/v1/deployments/d')
      await api.get('apps/v1/deployments/absent/scale')
      await api.delete('apps/v1/deployments/d/scale')
      await api.get('v1/configmaps/a/scale')
      for (const [plural, kind] of [
        ['replicasets', 'ReplicaSet'],
        ['statefulsets', 'StatefulSet'],
      ] as const) {
        await api.post(`apps/v1/${plural}`, {
          ...deployment('x'),
          kind,
          spec: { ...(deployment('x').spec as object), ...(kind === 'StatefulSet' && { serviceName: 'x' }) },
        })
        await api.get(`apps/v1/${plural}/x/scale`)
        await api.put(`apps/v1/${plural}/x/scale`, scale('x', 3))
      }
    },
  },
  {
    name: 'status is written apart from spec',
    play: async (api) => {
      const at = 'apps/v1/deployments/d/status'
      await api.post('apps/v1/deployments', { ...deployment('d'), status: { replicas: 3 } })
      await api.get(at)
      await api.patch(at, 'merge', {
        spec: { replicas: 9 },
        metadata: { labels: { a: 'b' }, annotations: { c: 'd' } },
        status: { replicas: 1 },
      })
      await api.put(at, { ...deployment('d'), status: { replicas: 2, readyReplicas: 1 } })
      await api.patch(at, 'merge', { status: { replicas: -1 } })
      await api.patch(at, 'merge', { status: { readyReplicas: 5, availableReplicas: 7 } })
      await api.patch(at, 'merge', { status: { conditions: [{ type: 'Available', status: 'True' }] } })
      await api.patch(at, 'strategic', {
        status: { conditions: [{ type: 'Progressing', status: 'True', reason: 'R' }] },
      })
      await api.patch(at, 'merge', { status: null })
      await api.post('v1/pods', pod('p'))
      await api.patch('v1/pods/p/status', 'strategic', {
        status: {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'True' }],
          podIP: '10.1.2.3',
          podIPs: [{ ip: '10.1.2.3' }],
        },
      })
      await api.patch('v1/pods/p/status', 'strategic', {
        status: {
          conditions: [{ type: 'Ready', status: 'False', reason: 'Broken' }],
          containerStatuses: [
            {
              name: 'c',
              ready: false,
              restartCount: 2,
              image: 'i',
              imageID: '',
              state: { waiting: { reason: 'CrashLoopBackOff' } },
            },
          ],
        },
      })
      await api.patch('v1/pods/p/status', 'merge', { status: { phase: 'Dancing' } })
      await api.patch('v1/pods/p/status', 'merge', { spec: { containers: [{ name: 'c', image: 'other' }] } })
      await api.post('v1/services', {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'lb' },
        spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
      })
      await api.patch('v1/services/lb/status', 'merge', { status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } } })
      await api.patch('v1/services/lb/status', 'merge', { status: { loadBalancer: { ingress: [{ ip: 'x' }] } } })
    },
  },
  {
    name: 'pods are bound and evicted',
    play: async (api) => {
      await api.post('v1/pods', pod('p'))
      const binding = (node: string) => ({
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'p' },
        target: { kind: 'Node', name: node },
      })
      await api.post('v1/pods/p/binding', binding(''))
      await api.post('v1/pods/p/binding', binding('node-1'))
      await api.post('v1/pods/p/binding', binding('node-2'))
      await api.get('v1/pods/p')
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }
      await api.post('v1/pods/p/eviction', eviction)
      await api.post('v1/pods/absent/eviction', { ...eviction, metadata: { name: 'absent' } })
      await api.post('v1/pods', pod('q', { schedulingGates: [{ name: 'x.io/wait' }] }))
      await api.post('v1/pods/q/binding', { ...binding('node-1'), metadata: { name: 'q' } })
    },
  },
  {
    name: 'who am I, may I, and tokens of service accounts',
    play: async (api) => {
      await api.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
      })
      await api.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { verb: 'get', resource: 'pods', namespace: api.namespace } },
      })
      await api.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: {},
      })
      await api.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user: 'nobody', resourceAttributes: { verb: 'get', resource: 'pods', namespace: api.namespace } },
      })
      await api.post('v1/serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } })
      await api.post('rbac.authorization.k8s.io/v1/roles', {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'reader' },
        rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
      })
      await api.post('rbac.authorization.k8s.io/v1/rolebindings', {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'reader' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
        subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: api.namespace }],
      })
      const may = async (verb: string, resource: string) => {
        await api.until('v1/serviceaccounts/robot', ({ status }) => status === 200)
        await api.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: {
            user: `system:serviceaccount:${api.namespace}:robot`,
            groups: ['system:serviceaccounts'],
            resourceAttributes: { verb, resource, namespace: api.namespace },
          },
        })
      }
      await new Promise((resolve) => setTimeout(resolve, 200))
      await may('get', 'configmaps')
      await may('delete', 'configmaps')
      await may('get', 'secrets')
    },
  },
]
