import type { Scenario } from '../scenario.ts'
import { configMap, deployment, pod, service } from './sample-objects.ts'

const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1,application/json'

const workload = (kind: string, spec: object = {}) => ({
  ...deployment('x'),
  kind,
  spec: { ...(deployment('x').spec as object), ...spec },
})

export const tableScenarios: readonly Scenario[] = [
  {
    name: 'tables have the columns and cells of kubectl get',
    play: async (api) => {
      const show = async (collection: string, ...objects: readonly object[]) => {
        for (const object of objects) await api.quietly('POST', collection, { body: object })
        await api.get(collection, { accept })
      }
      await show('v1/configmaps', configMap('a', { x: '1', y: '2' }))
      await show('v1/secrets', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { a: 'b' } })
      await show('apps/v1/deployments', deployment('d'))
      await show('apps/v1/replicasets', workload('ReplicaSet'))
      await show('apps/v1/statefulsets', workload('StatefulSet', { serviceName: 'x' }))
      await show('apps/v1/daemonsets', workload('DaemonSet'))
      await show(
        'v1/services',
        service('s'),
        service('lb', { type: 'LoadBalancer', externalIPs: ['1.2.3.4'] }),
        service('np', { type: 'NodePort' }),
        service('ext', { type: 'ExternalName', externalName: 'x.example.com', ports: undefined }),
        service('headless', { clusterIP: 'None' }),
      )
      await show(
        'v1/pods',
        pod('p'),
        pod('gated', { schedulingGates: [{ name: 'x.io/y' }] }),
        pod('init', { initContainers: [{ name: 'i', image: 'i' }] }),
      )
      await api.quietly('PATCH', 'v1/pods/p/status', {
        contentType: 'application/merge-patch+json',
        body: {
          status: {
            phase: 'Running',
            podIP: '10.0.0.9',
            containerStatuses: [
              {
                name: 'c',
                image: 'i',
                imageID: '',
                ready: false,
                restartCount: 3,
                state: { waiting: { reason: 'CrashLoopBackOff' } },
              },
            ],
          },
        },
      })
      await api.quietly('PATCH', 'v1/pods/init/status', {
        contentType: 'application/merge-patch+json',
        body: {
          status: {
            phase: 'Pending',
            initContainerStatuses: [
              {
                name: 'i',
                image: 'i',
                imageID: '',
                ready: false,
                restartCount: 1,
                state: { terminated: { exitCode: 2, reason: 'Error' } },
              },
            ],
          },
        },
      })
      await show('v1/pods')
      await show('v1/serviceaccounts')
      await show('v1/persistentvolumeclaims', {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'c' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      })
      await show('batch/v1/jobs', {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: 'j' },
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
      })
      await show('batch/v1/cronjobs', {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'j' },
        spec: {
          schedule: '* * * * *',
          jobTemplate: {
            spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
          },
        },
      })
      await show('autoscaling/v2/horizontalpodautoscalers', {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'h' },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
          maxReplicas: 3,
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
          ],
        },
      })
      await show('networking.k8s.io/v1/ingresses', {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name: 'i' },
        spec: {
          ingressClassName: 'c',
          tls: [{ hosts: ['a.example.com'] }],
          rules: [
            {
              host: 'a.example.com',
              http: {
                paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
              },
            },
            { host: 'b.example.com' },
          ],
        },
      })
      await show('networking.k8s.io/v1/networkpolicies', {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'n' },
        spec: { podSelector: { matchLabels: { a: 'b' } } },
      })
      await show('policy/v1/poddisruptionbudgets', {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'b' },
        spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } },
      })
      await show('discovery.k8s.io/v1/endpointslices', {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'e' },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'] }],
        ports: [{ name: 'a', port: 80 }],
      })
      await show('v1/endpoints', {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name: 'e' },
        subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }],
      })
      await show('coordination.k8s.io/v1/leases', {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'l' },
        spec: { holderIdentity: 'me' },
      })
      await show('rbac.authorization.k8s.io/v1/roles', {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'r' },
        rules: [],
      })
      await show('rbac.authorization.k8s.io/v1/rolebindings', {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'r' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
        subjects: [{ kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }],
      })
      await show('v1/limitranges', {
        apiVersion: 'v1',
        kind: 'LimitRange',
        metadata: { name: 'l' },
        spec: { limits: [{ type: 'Pod', max: { cpu: '1' } }] },
      })
      await show('v1/resourcequotas', {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'q' },
        spec: { hard: { 'count/configmaps': '5' } },
      })
      await show('v1/events', {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'e' },
        involvedObject: { kind: 'Pod', name: 'p', namespace: api.namespace },
        reason: 'R',
        type: 'Normal',
        message: 'M',
        count: 2,
      })
      await show('apps/v1/controllerrevisions', {
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: { name: 'c' },
        revision: 3,
        data: { a: 1 },
      })
      await show('v1/podtemplates', {
        apiVersion: 'v1',
        kind: 'PodTemplate',
        metadata: { name: 'p' },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      })
      await show('v1/replicationcontrollers', {
        apiVersion: 'v1',
        kind: 'ReplicationController',
        metadata: { name: 'r' },
        spec: {
          replicas: 1,
          selector: { a: 'b' },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
      })
      await api.get('v1/configmaps?includeObject=Object', { accept })
      await api.get('v1/configmaps?includeObject=None', { accept })
      await api.get('v1/configmaps?includeObject=Nothing', { accept })
      await api.get('v1/configmaps?limit=1', { accept })
      await api.get('v1/configmaps/a', { accept })
      await api.get('v1/configmaps/absent', { accept })
      await api.post('v1/configmaps', configMap('posted'), { accept })
      await api.delete('v1/configmaps/posted', undefined, { accept })
    },
  },
  {
    name: 'tables of what belongs to no namespace',
    play: async (api) => {
      const n = api.namespace
      const show = async (collection: string, object: Readonly<Record<string, unknown>>) => {
        await api.quietly('POST', collection, { body: object })
        await api.get(`${collection}/${n}`, { accept })
        await api.quietly('DELETE', `${collection}/${n}`)
      }
      await api.get(`/api/v1/namespaces/${n}`, { accept })
      await show('/api/v1/nodes', {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: n, labels: { 'node-role.kubernetes.io/worker': '' } },
        spec: { unschedulable: true },
      })
      await show('/api/v1/persistentvolumes', {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: n },
        spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } },
      })
      await show('/apis/storage.k8s.io/v1/storageclasses', {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: n },
        provisioner: 'x.io/y',
      })
      await show('/apis/scheduling.k8s.io/v1/priorityclasses', {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name: n },
        value: 7,
      })
      await show('/apis/networking.k8s.io/v1/ingressclasses', {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'IngressClass',
        metadata: { name: n },
        spec: { controller: 'x.io/y' },
      })
      await show('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: n },
        rules: [],
      })
      await show('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: n },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'x' },
        subjects: [
          { kind: 'ServiceAccount', name: 'a', namespace: 'b' },
          { kind: 'Group', name: 'g', apiGroup: 'rbac.authorization.k8s.io' },
        ],
      })
      await show('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata: { name: n },
        webhooks: [],
      })
      await show('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'MutatingWebhookConfiguration',
        metadata: { name: n },
        webhooks: [],
      })
      await api.get('/apis/apiextensions.k8s.io/v1/customresourcedefinitions?labelSelector=none', { accept })
    },
  },
]
