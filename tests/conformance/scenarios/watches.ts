import { revisionOf, textAt } from '../api-answer.ts'
import type { Scenario } from '../scenario.ts'
import type { Session } from '../session.ts'
import { configMap, deployment, pod } from './sample-objects.ts'

const label = (api: Session, name: string, labels: object) =>
  api.patch(`v1/configmaps/${name}`, 'merge', { metadata: { labels } })

export const watchScenarios: readonly Scenario[] = [
  {
    name: 'a watch tells every change after its revision',
    play: async (api) => {
      const { body } = await api.quietly('GET', 'v1/configmaps')
      const revision = textAt(body, 'metadata', 'resourceVersion')
      await api.post('v1/configmaps', configMap('a', { x: '1' }))
      await api.patch('v1/configmaps/a', 'merge', { data: { x: '2' } })
      await api.patch('v1/configmaps/a', 'merge', { data: { x: '2' } })
      await api.delete('v1/configmaps/a')
      await api.post('v1/configmaps', configMap('b'))
      const watch = await api.watch(`v1/configmaps?watch=1&resourceVersion=${revision}`)
      await watch.take(4)
      await api.post('v1/configmaps', configMap('c'))
      await watch.take(1)
      watch.close()
      const one = await api.watch(
        `v1/configmaps?watch=true&resourceVersion=${revision}&fieldSelector=metadata.name%3Db`,
      )
      await one.take(1)
      one.close()
      const old = await api.watch(`/api/v1/watch/namespaces/${api.namespace}/configmaps?resourceVersion=${revision}`)
      await old.take(5)
      old.close()
      const single = await api.watch(`/api/v1/watch/namespaces/${api.namespace}/configmaps/b`)
      await single.take(1)
      single.close()
    },
  },
  {
    name: 'a watch without a revision starts with what is there',
    play: async (api) => {
      await api.post('v1/configmaps', configMap('a'))
      await api.post('v1/configmaps', configMap('b'))
      for (const query of ['watch=1', 'watch=1&resourceVersion=0']) {
        const watch = await api.watch(`v1/configmaps?${query}`)
        await watch.take(2)
        watch.close()
      }
    },
  },
  {
    name: 'initial events end with a bookmark',
    play: async (api) => {
      const first = await api.post('v1/configmaps', configMap('a'))
      const streaming = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
      for (const query of [
        streaming,
        `${streaming}&resourceVersion=0`,
        `${streaming}&resourceVersion=${revisionOf(first)}`,
      ]) {
        const watch = await api.watch(`v1/configmaps?${query}`)
        await watch.take(2)
        watch.close()
      }
      const metadata = await api.watch(`v1/configmaps?${streaming}`, {
        accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      })
      await metadata.take(2)
      metadata.close()
      for (const query of [
        'watch=1&sendInitialEvents=true',
        'watch=1&sendInitialEvents=true&resourceVersionMatch=Exact',
        'watch=1&sendInitialEvents=false&resourceVersion=1',
        'watch=1&resourceVersionMatch=NotOlderThan',
        'sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
      ]) {
        const watch = await api.watch(`v1/configmaps?${query}`)
        watch.close()
      }
      const without = await api.watch(
        `v1/configmaps?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=${revisionOf(first)}`,
      )
      await api.post('v1/configmaps', configMap('later'))
      await without.take(1)
      without.close()
    },
  },
  {
    name: 'objects enter and leave the sight of a selector',
    play: async (api) => {
      const watch = await api.watch('v1/configmaps?watch=1&labelSelector=on%3Dyes&resourceVersion=0')
      await api.post('v1/configmaps', configMap('a'))
      await label(api, 'a', { on: 'yes' })
      await label(api, 'a', { more: '1' })
      await label(api, 'a', { on: 'no' })
      await label(api, 'a', { more: '2' })
      await label(api, 'a', { on: 'yes' })
      await api.delete('v1/configmaps/a')
      await watch.take(5)
      watch.close()
      const placed = await api.watch('v1/pods?watch=1&fieldSelector=status.phase%3DRunning&resourceVersion=0')
      await api.post('v1/pods', pod('p'))
      await api.patch('v1/pods/p/status', 'merge', { status: { phase: 'Running' } })
      await api.patch('v1/pods/p/status', 'merge', { status: { phase: 'Succeeded' } })
      await placed.take(2)
      placed.close()
    },
  },
  {
    name: 'a watch ends in time, and refuses what it cannot give',
    play: async (api) => {
      const short = await api.watch('v1/configmaps?watch=1&timeoutSeconds=1')
      await short.take(1)
      for (const query of [
        'watch=1&timeoutSeconds=soon',
        'watch=1&resourceVersion=x',
        'watch=perhaps',
        'watch=1&labelSelector=a%20b',
      ]) {
        const watch = await api.watch(`v1/configmaps?${query}`)
        watch.close()
      }
      const compacted = await api.watch('v1/configmaps?watch=1&resourceVersion=99999999')
      await compacted.take(0)
      compacted.close()
      const absent = await api.watch('v1/gadgets?watch=1')
      absent.close()
    },
  },
  {
    name: 'a watch shows tables and finalizers',
    play: async (api) => {
      const watch = await api.watch('apps/v1/deployments?watch=1&resourceVersion=0', {
        accept: 'application/json;as=Table;g=meta.k8s.io;v=v1',
      })
      await api.post('apps/v1/deployments', deployment('d'))
      await api.patch('apps/v1/deployments/d', 'merge', { metadata: { labels: { a: 'b' } } })
      await watch.take(2)
      watch.close()
      const held = await api.watch('v1/configmaps?watch=1&resourceVersion=0')
      await api.post('v1/configmaps', { ...configMap('f'), metadata: { name: 'f', finalizers: ['x.io/y'] } })
      await api.delete('v1/configmaps/f')
      await api.patch('v1/configmaps/f', 'merge', { metadata: { finalizers: [] } })
      await held.take(3)
      held.close()
    },
  },
]
