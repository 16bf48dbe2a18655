import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { createClient, discover, fixedConnection } from '../src/index.ts'
import { type Handler, sendJson, sendStatus, startFakeServer } from './fake-api.ts'

async function discoverFrom(t: TestContext, handler: Handler) {
  const server = await startFakeServer(handler)
  const client = createClient(fixedConnection({ server: server.url }), { attemptsMax: 1 })
  t.after(() => Promise.all([client.close(), server.close()]))
  return { discovery: await discover(client), server }
}

const entry = (resource: string, kind: string, scope: string, more = {}) => ({
  resource,
  responseKind: { kind },
  scope,
  singularResource: kind.toLowerCase(),
  verbs: ['get'],
  ...more,
})
const group = (name: string, versions: unknown[]) => ({ metadata: { name }, versions })
const aggregated = (items: unknown[]) => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  items,
})

test('aggregated: two calls give every kind, with short names and subresources', async (t) => {
  const { discovery, server } = await discoverFrom(t, (request, response) => {
    assert.match(request.headers.accept ?? '', /apidiscovery/)
    if (request.path === '/api')
      return sendJson(
        response,
        200,
        aggregated([
          group('', [
            {
              version: 'v1',
              resources: [
                entry('pods', 'Pod', 'Namespaced', { shortNames: ['po'], subresources: [{ subresource: 'log' }] }),
                entry('services', 'Service', 'Namespaced'),
              ],
            },
          ]),
        ]),
      )
    sendJson(
      response,
      200,
      aggregated([
        group('serving.knative.dev', [
          { version: 'v1', resources: [entry('services', 'Service', 'Namespaced', { shortNames: ['ksvc'] })] },
        ]),
        group('example.io', [
          { version: 'v2', resources: [entry('things', 'Thing', 'Cluster')] },
          { version: 'v1', resources: [entry('things', 'Thing', 'Cluster')] },
        ]),
        group('broken.io', [{ version: 'v1', freshness: 'Stale' }]),
      ]),
    )
  })
  assert.deepEqual(server.requests.toSorted(), ['GET /api', 'GET /apis'])
  assert.deepEqual(discovery.named('po')?.subresources, ['log'])
  assert.equal(discovery.named('Services')?.group, '')
  assert.equal(discovery.named('services.serving.knative.dev')?.group, 'serving.knative.dev')
  assert.equal(discovery.named('ksvc')?.kind, 'Service')
  assert.equal(discovery.named('thing')?.version, 'v2')
  assert.equal(discovery.named('things.v1.example.io')?.version, 'v1')
  assert.equal(discovery.named('nothing'), undefined)
  assert.equal(discovery.ofKind('example.io/v1', 'Thing')?.namespaced, false)
  assert.deepEqual(discovery.unknownGroups, ['broken.io/v1'])
})

test('classic: a list for each group version; one that is down is unknown, not the end', async (t) => {
  const { discovery } = await discoverFrom(t, (request, response) => {
    const resource = (name: string, kind: string) => ({
      name,
      kind,
      namespaced: true,
      singularName: '',
      verbs: ['get'],
      shortNames: ['s'],
    })
    const answers: Record<string, unknown> = {
      '/api': { kind: 'APIVersions', versions: ['v1'] },
      '/api/v1': {
        kind: 'APIResourceList',
        groupVersion: 'v1',
        resources: [resource('pods', 'Pod'), resource('pods/log', 'Pod')],
      },
      '/apis': {
        kind: 'APIGroupList',
        groups: [
          {
            name: 'a.io',
            versions: [{ groupVersion: 'a.io/v1' }, { groupVersion: 'a.io/v2' }],
            preferredVersion: { groupVersion: 'a.io/v2' },
          },
          {
            name: 'down.io',
            versions: [{ groupVersion: 'down.io/v1' }],
            preferredVersion: { groupVersion: 'down.io/v1' },
          },
        ],
      },
      '/apis/a.io/v1': { kind: 'APIResourceList', groupVersion: 'a.io/v1', resources: [resource('as', 'A')] },
      '/apis/a.io/v2': { kind: 'APIResourceList', groupVersion: 'a.io/v2', resources: [resource('as', 'A')] },
    }
    const answer = answers[request.path]
    if (answer) sendJson(response, 200, answer)
    else sendStatus(response, 503, 'ServiceUnavailable', 'down')
  })
  assert.deepEqual(discovery.named('pods')?.subresources, ['log'])
  assert.equal(discovery.named('as')?.version, 'v2')
  assert.deepEqual(discovery.unknownGroups, ['down.io/v1'])
})
