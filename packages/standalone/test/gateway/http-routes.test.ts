import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type KubeObject, type Resource, resources } from '@millrace/kube'
import type { RouteParentStatus } from '../../src/gateway/http-route.ts'
import { eventually } from '../eventually.ts'
import { errorOf, type GatewayFixture, gatewayFixture } from './gateway-fixture.ts'

const group = 'gateway.networking.k8s.io'
const httpRoutes: Resource = { group, version: 'v1', plural: 'httproutes', kind: 'HTTPRoute', namespaced: true }

function install({ cluster }: GatewayFixture, served = true): void {
  cluster.put(resources.customResourceDefinitions, {
    metadata: { name: `httproutes.${group}` },
    spec: { versions: [{ name: 'v1', served }] },
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  })
}

function putRoute({ cluster }: GatewayFixture, backend: object, rule: object = {}): KubeObject {
  return cluster.put(httpRoutes, {
    metadata: { name: 'iris', generation: 1 },
    spec: {
      parentRefs: [{ group, kind: 'Gateway', namespace: 'kserve', name: 'kserve-ingress-gateway' }],
      hostnames: ['iris.example.com'],
      rules: [{ backendRefs: [backend], ...rule }],
    },
  })
}

function conditionsOf({ cluster }: GatewayFixture): Record<string, string> {
  const route = cluster.find(httpRoutes, 'default', 'iris')
  const parents = (Object(route?.['status']).parents ?? []) as RouteParentStatus[]
  return Object.fromEntries(
    parents.flatMap(({ conditions }) => conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`])),
  )
}

test('routes HTTPRoutes from the moment their definition is installed until it is gone', async (t) => {
  const fixture = await gatewayFixture(t)
  const { port } = await fixture.serve((_request, response) => response.end('iris'))
  fixture.service('iris', [{ port }])
  const answered = (status: number) => async () => (await fixture.ask('iris.example.com', '/')).status === status
  await eventually('no route yet', answered(404))
  install(fixture)
  putRoute(fixture, { name: 'iris', port: 80 })
  await eventually('the route is taken', answered(200))
  install(fixture, false)
  await eventually('the route is gone with its version', answered(404))
  install(fixture)
  await eventually('and back with it', answered(200))
  fixture.cluster.remove(resources.customResourceDefinitions, undefined, `httproutes.${group}`)
  await eventually('the route is gone with its definition', answered(404))
})

test('the only gateway says in the status what becomes of a route, and says it again when that changes', async (t) => {
  const fixture = await gatewayFixture(t, { isOnlyGateway: true })
  install(fixture)
  putRoute(fixture, { name: 'iris', port: 80 })
  const told = (conditions: object) => () => JSON.stringify(conditionsOf(fixture)) === JSON.stringify(conditions)
  await eventually('no Service', told({ Accepted: 'True Accepted', ResolvedRefs: 'False BackendNotFound' }))
  fixture.service('iris', [])
  await eventually('a Service', told({ Accepted: 'True Accepted', ResolvedRefs: 'True ResolvedRefs' }))
  putRoute(fixture, { name: 'iris', port: 80 }, { filters: [{ type: 'RequestRedirect' }] })
  await eventually('a filter', told({ Accepted: 'False UnsupportedValue', ResolvedRefs: 'True ResolvedRefs' }))
  const answer = await fixture.ask('iris.example.com', '/')
  assert.equal(answer.status, 500)
  assert.equal(errorOf(answer).reason, 'UnsupportedValue')
})

test('one gateway among others leaves the status of routes alone', async (t) => {
  const fixture = await gatewayFixture(t)
  install(fixture)
  fixture.service('iris', [])
  putRoute(fixture, { name: 'iris', port: 80 })
  await eventually('the route is known', async () => (await fixture.ask('iris.example.com', '/')).status === 503)
  assert.deepEqual(conditionsOf(fixture), {})
})

test('what others have said about a route stays', async (t) => {
  const fixture = await gatewayFixture(t, { isOnlyGateway: true })
  fixture.service('iris', [])
  const { metadata } = putRoute(fixture, { name: 'iris', port: 80 })
  const parentRef = { name: 'other' }
  const parents = [{ parentRef, controllerName: 'example.com/other', conditions: [] }]
  fixture.cluster.put(httpRoutes, { metadata, status: { parents } })
  install(fixture)
  await eventually('ours is beside it', () => {
    const route = fixture.cluster.find(httpRoutes, 'default', 'iris')
    const names = (Object(route?.['status']).parents as RouteParentStatus[]).map(({ controllerName }) => controllerName)
    return names.join() === 'example.com/other,millrace.dev/one-machine-gateway'
  })
})
