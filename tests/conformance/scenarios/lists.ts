import { itemsOf, revisionOf, textAt, valueAt } from '../api-answer.ts'
import type { Scenario } from '../scenario.ts'
import type { Session } from '../session.ts'
import { configMap, deployment, pod } from './sample-objects.ts'

async function makeMaps(api: Session, names: readonly string[]): Promise<void> {
  for (const [index, name] of names.entries()) {
    await api.post('v1/configmaps', {
      ...configMap(name, { index: String(index) }),
      metadata: { name, labels: { n: String(index), parity: index % 2 === 0 ? 'even' : 'odd' } },
    })
  }
}

export const listScenarios: readonly Scenario[] = [
  {
    name: 'label selectors select, and say what is wrong with them',
    play: async (api) => {
      await makeMaps(api, ['a', 'b', 'c', 'd'])
      const selectors = [
        'parity=even',
        'parity==odd',
        'parity!=even',
        'parity',
        '!parity',
        'n in (0,1)',
        'n notin (0,1)',
        'x notin (1)',
        'n>1',
        'n<2',
        'n in (0),parity=even',
        '',
        ' parity = even ',
        'n in ()',
        'n in (0,',
        'parity in even',
        '=',
        'a b',
        'parity=even,',
        'parity=e v',
        'bad key=1',
        'n>x',
        'parity=bad value!',
        '-x=1',
        'x=-1',
        `${'k'.repeat(70)}=1`,
        'parity=even,parity=odd',
        'example.com/x',
        'a/b/c=1',
        '!n=1',
        'n=',
        '(',
        'n in (0,1,0)',
        'n>1,n<3',
      ]
      for (const selector of selectors) {
        const answer = await api.get(`v1/configmaps?labelSelector=${encodeURIComponent(selector)}`)
        api.note(
          `names for ${selector}`,
          itemsOf(answer.body).map((item) => textAt(item, 'metadata', 'name')),
        )
      }
    },
  },
  {
    name: 'field selectors select by the fields of the kind',
    play: async (api) => {
      await makeMaps(api, ['a', 'b'])
      await api.post('v1/pods', pod('p'))
      await api.post('v1/pods', pod('q', { nodeName: 'node-1', restartPolicy: 'Never' }))
      await api.post('v1/secrets', {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 's' },
        type: 'example.com/own',
      })
      await api.post('v1/events', {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'e' },
        involvedObject: { kind: 'Pod', name: 'p', namespace: api.namespace },
        reason: 'Tested',
        type: 'Normal',
      })
      const asked = [
        'configmaps?fieldSelector=metadata.name=a',
        'configmaps?fieldSelector=metadata.name!=a',
        'configmaps?fieldSelector=metadata.name=a,metadata.name=b',
        'configmaps?fieldSelector=data.x=1',
        `configmaps?fieldSelector=metadata.namespace=${api.namespace}`,
        'configmaps?fieldSelector=metadata.namespace=x',
        'configmaps?fieldSelector=metadata.name',
        'configmaps?fieldSelector=metadata.name>a',
        'configmaps?fieldSelector=',
        'pods?fieldSelector=spec.nodeName=node-1',
        'pods?fieldSelector=spec.nodeName=',
        'pods?fieldSelector=status.phase=Pending',
        'pods?fieldSelector=spec.restartPolicy=Never',
        'pods?fieldSelector=spec.serviceAccountName=default',
        'pods?fieldSelector=spec.hostNetwork=true',
        'pods?fieldSelector=status.podIP=1.2.3.4',
        'pods?fieldSelector=spec.schedulerName=default-scheduler',
        'pods?fieldSelector=status.nominatedNodeName=',
        'secrets?fieldSelector=type=example.com/own',
        'services?fieldSelector=spec.type=ClusterIP',
        'services?fieldSelector=spec.clusterIP=None',
        'events?fieldSelector=involvedObject.name=p',
        'events?fieldSelector=reason=Tested,type=Normal',
        'events?fieldSelector=involvedObject.uid=x',
        'events?fieldSelector=source=x',
        'pods?fieldSelector=spec.volumes=x',
      ]
      for (const path of asked) await api.get(`v1/${path}`)
      await api.get('batch/v1/jobs?fieldSelector=status.successful=0')
      await api.get('apps/v1/replicasets?fieldSelector=status.replicas=0')
      await api.get('apps/v1/deployments?fieldSelector=metadata.name=x')
      await api.get('apps/v1/deployments?fieldSelector=status.replicas=0')
      await api.get('/api/v1/namespaces?fieldSelector=status.phase=Unwell')
      await api.get('/api/v1/nodes?fieldSelector=spec.unschedulable=true')
    },
  },
  {
    name: 'lists come in pages of one state',
    play: async (api) => {
      await makeMaps(api, ['a', 'b', 'c', 'd', 'e'])
      const first = await api.get('v1/configmaps?limit=2')
      await api.delete('v1/configmaps/c')
      const second = await api.get(`v1/configmaps?limit=2&continue=${continueOf(first.body)}`)
      const third = await api.get(`v1/configmaps?limit=2&continue=${continueOf(second.body)}`)
      api.note('the state is one', [
        revisionOf(first) === revisionOf(second),
        revisionOf(second) === revisionOf(third),
        valueAt(third.body, 'metadata', 'continue'),
      ])
      await api.get('v1/configmaps?limit=4')
      await api.get('v1/configmaps?limit=50')
      await api.get('v1/configmaps?limit=1&labelSelector=parity%3Deven')
      await api.get('v1/configmaps?limit=0')
      await api.get('v1/configmaps?limit=-1')
      await api.get('v1/configmaps?limit=many')
      await api.get('v1/configmaps?limit=2&continue=nonsense')
      await api.get(`v1/configmaps?limit=2&resourceVersion=${revisionOf(first)}&continue=${continueOf(first.body)}`)
      await api.get(`v1/configmaps?limit=2&resourceVersion=0&continue=${continueOf(first.body)}`)
      await api.get(`v1/secrets?limit=2&continue=${continueOf(first.body)}`)
    },
  },
  {
    name: 'reads say of which state they are to be',
    play: async (api) => {
      const made = await api.post('v1/configmaps', configMap('a'))
      const old = revisionOf(made)
      await api.patch('v1/configmaps/a', 'merge', { data: { x: '1' } })
      const queries = [
        'resourceVersion=0',
        'resourceVersion=',
        `resourceVersion=${old}`,
        'resourceVersion=x',
        'resourceVersion=-1',
        `resourceVersion=${old}&resourceVersionMatch=Exact`,
        `resourceVersion=${old}&resourceVersionMatch=NotOlderThan`,
        'resourceVersion=0&resourceVersionMatch=Exact',
        'resourceVersionMatch=Exact',
        'resourceVersionMatch=NotOlderThan',
        `resourceVersion=${old}&resourceVersionMatch=Newest`,
        'resourceVersion=0&resourceVersionMatch=NotOlderThan',
        'resourceVersion=1&resourceVersionMatch=Exact',
        'sendInitialEvents=true',
      ]
      for (const query of queries) await api.get(`v1/configmaps?${query}`)
      await api.get('v1/configmaps/a?resourceVersion=0')
      await api.get(`v1/configmaps/a?resourceVersion=${old}`)
      await api.get('v1/configmaps/a?resourceVersion=x')
      const future = await api.get('v1/configmaps/a?resourceVersion=99999999')
      api.note('the future is refused', [future.status, textAt(future.body, 'reason')])
    },
  },
  {
    name: 'lists of all namespaces, empty lists and lists in other shapes',
    play: async (api) => {
      await api.get('v1/configmaps')
      await api.post('apps/v1/deployments', deployment('d'))
      await api.get(`/apis/apps/v1/deployments?labelSelector=nothing`)
      await api.get(`/apis/apps/v1/deployments?fieldSelector=metadata.namespace=${api.namespace}`)
      const partial = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
      await api.get('apps/v1/deployments', { accept: partial })
      await api.get('apps/v1/deployments/d', { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' })
      await api.get('apps/v1/deployments/d', { accept: partial })
      await api.get('apps/v1/deployments/d', {
        accept: 'application/json;as=Table;g=meta.k8s.io;v=v9,application/json',
      })
      await api.get('apps/v1/deployments/d', { accept: 'text/html' })
      await api.get('apps/v1/deployments/d', { accept: 'application/yaml' })
      await api.get('apps/v1/deployments/d', { accept: '*/*' })
      await api.get('apps/v1/deployments/d', { accept: 'application/json;as=Nothing;g=meta.k8s.io;v=v1' })
      await api.get('apps/v1/deployments/d?pretty=true')
    },
  },
]

const continueOf = (list: unknown): string => encodeURIComponent(textAt(list, 'metadata', 'continue'))
