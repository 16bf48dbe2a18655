import { uidOf, valueAt } from '../api-answer.ts'
import type { Scenario } from '../scenario.ts'
import { configMap, deployment, pod } from './sample-objects.ts'

const owner = (uid: string, name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  uid,
  ...more,
})

export const namespaceScenarios: readonly Scenario[] = [
  {
    name: 'a namespace ends with all that is in it',
    play: async (api) => {
      const name = `${api.namespace}-ends`
      const at = `/api/v1/namespaces/${name}`
      await api.post('/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { a: 'b' } },
      })
      await api.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      await api.patch(at, 'merge', { metadata: { labels: { 'kubernetes.io/metadata.name': 'other' } } })
      await api.patch(at, 'merge', { spec: { finalizers: [] } })
      await api.post(`${at}/configmaps`, configMap('a'))
      await api.post(`${at}/configmaps`, {
        ...configMap('held'),
        metadata: { name: 'held', finalizers: ['x.io/hold'] },
      })
      await api.post(`/apis/apps/v1/namespaces/${name}/deployments`, deployment('d'))
      await api.delete(at)
      await api.until(`${at}/configmaps/a`, ({ status }) => status === 404)
      await api.until(`/apis/apps/v1/namespaces/${name}/deployments/d`, ({ status }) => status === 404)
      await api.post(`${at}/configmaps`, configMap('late'))
      await api.post(`${at}/configmaps?dryRun=All`, configMap('late'))
      await api.patch(`${at}/configmaps/late?fieldManager=m`, 'apply', configMap('late'))
      const waiting = await api.until(at, ({ body }) =>
        /NamespaceFinalizersRemaining","status":"True"|"True"[^}]*NamespaceFinalizersRemaining"/.test(
          JSON.stringify(body),
        ),
      )
      api.note('conditions say what is left', valueAt(waiting.body, 'status'))
      await api.delete(at)
      await api.patch(`${at}/configmaps/held`, 'merge', { metadata: { finalizers: null } })
      await api.until(at, ({ status }) => status === 404)
      await api.get(at)
      await api.get(`${at}/configmaps`)
      await api.delete('/api/v1/namespaces/default')
      await api.delete('/api/v1/namespaces/kube-system')
      await api.put(`/api/v1/namespaces/${api.namespace}/finalize`, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: api.namespace },
        spec: { finalizers: ['kubernetes'] },
      })
    },
  },
  {
    name: 'owners take what they own with them',
    play: async (api) => {
      const first = await api.post('v1/configmaps', configMap('owner'))
      const owned = (name: string, ...ownerReferences: readonly object[]) =>
        api.post('v1/configmaps', { ...configMap(name), metadata: { name, ownerReferences } })
      await owned('owned', owner(uidOf(first), 'owner'))
      await owned('twice', owner(uidOf(first), 'owner'), owner(uidOf(first), 'owner'))
      await owned('strange', { name: 'x' })
      await owned(
        'two-controllers',
        owner(uidOf(first), 'a', { controller: true }),
        owner('u', 'b', { controller: true }),
      )
      await owned('event-owned', { apiVersion: 'v1', kind: 'Event', name: 'x', uid: 'y' })
      await api.delete('v1/configmaps/owner', { propagationPolicy: 'Background' })
      await api.until('v1/configmaps/owned', ({ status }) => status === 404)

      const orphaning = await api.post('v1/configmaps', configMap('orphaning'))
      await owned('orphan', owner(uidOf(orphaning), 'orphaning'))
      // The collector must have seen the pair before it can part them.
      await new Promise((resolve) => setTimeout(resolve, 300))
      await api.delete('v1/configmaps/orphaning', { propagationPolicy: 'Orphan' })
      await api.until('v1/configmaps/orphaning', ({ status }) => status === 404)
      await api.get('v1/configmaps/orphan')

      const waiting = await api.post('v1/configmaps', configMap('waiting'))
      await api.post('v1/configmaps', {
        ...configMap('blocking'),
        metadata: {
          name: 'blocking',
          finalizers: ['x.io/hold'],
          ownerReferences: [owner(uidOf(waiting), 'waiting', { blockOwnerDeletion: true })],
        },
      })
      await new Promise((resolve) => setTimeout(resolve, 300))
      await api.delete('v1/configmaps/waiting', { propagationPolicy: 'Foreground' })
      await api.until('v1/configmaps/blocking', ({ body }) => /deletionTimestamp/.test(JSON.stringify(body)))
      await api.get('v1/configmaps/waiting')
      await api.patch('v1/configmaps/blocking', 'merge', { metadata: { finalizers: null } })
      await api.until('v1/configmaps/waiting', ({ status }) => status === 404)

      await api.post('v1/pods', pod('absent-owner-pod', {}))
      await owned('absent-owner', owner('11111111-1111-1111-1111-111111111111', 'nobody'))
      await api.until('v1/configmaps/absent-owner', ({ status }) => status === 404)
    },
  },
]
