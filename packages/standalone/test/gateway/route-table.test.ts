import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { matchRoute, rewrittenPath, routedHosts } from '../../src/gateway/match-route.ts'
import { chooseBackend } from '../../src/gateway/resolve-request.ts'
import type { HttpRoute, ReferenceGrant } from '../../src/gateway/http-route.ts'
import { type Ingress, planRouteTable } from '../../src/gateway/route-table.ts'

interface RouteFile {
  readonly ingresses: Ingress[]
  readonly httpRoutes?: HttpRoute[]
  readonly grants?: ReferenceGrant[]
  readonly cases: {
    readonly why: string
    readonly host: string
    readonly path: string
    readonly method?: string
    readonly headers?: Record<string, string>
    readonly random?: number
    readonly service: string | null
    readonly rewritten?: string
    readonly refusal?: string
  }[]
}

function load(name: string): RouteFile {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../testdata/routes', name), 'utf8')) as RouteFile
}

for (const name of ['ingress.json', 'http-route.json']) {
  const { ingresses, httpRoutes = [], grants = [], cases } = load(name)
  const table = planRouteTable(ingresses, httpRoutes, grants)
  for (const { why, host, path, method = 'GET', headers = {}, random = 0.5, service, rewritten, refusal } of cases) {
    test(`${name}: ${why}`, () => {
      const route = matchRoute(table, { host, path, method, header: (key) => headers[key] })
      const backend = route && chooseBackend(route.backends, random)
      assert.equal(backend ? `${backend.namespace}/${backend.service}` : null, service)
      assert.equal(backend?.refusal?.reason, refusal)
      if (route && rewritten) assert.equal(rewrittenPath(route, path, '?q'), `${rewritten}?q`)
    })
  }
}

test('lists the hosts that it knows', () => {
  assert.deepEqual(routedHosts(planRouteTable(load('ingress.json').ingresses)), [
    '*.wild.example.com',
    'iris-default.example.com',
  ])
})
