import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { eventually, patchOf, startTestServer, type TestServer } from './harness.ts'

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const widgets = '/apis/example.com/v1/namespaces/default/widgets'

const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1 },
        color: { type: 'string', default: 'red' },
        replicas: { type: 'integer' },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
  },
}

const version = (name: string, more: object = {}): object => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema: schema },
  subresources: {
    status: {},
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  },
  additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
  selectableFields: [{ jsonPath: '.spec.color' }],
  ...more,
})

const definition = (versions: readonly object[] = [version('v1')], more: object = {}): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'], categories: ['all'] },
    versions,
    ...more,
  },
})

const widget = (name: string, spec: object, apiVersion = 'example.com/v1'): object => ({
  apiVersion,
  kind: 'Widget',
  metadata: { name },
  spec,
})

const established = (call: TestServer['call']) =>
  eventually(
    () => call('GET', `${crds}/widgets.example.com`),
    ({ body }) => body.status.conditions?.some((condition) => String(condition.type) === 'Established') ?? false,
  )

describe('custom kinds', () => {
  test('are served as soon as their definition is there, and found by discovery', async (t) => {
    const { call } = await startTestServer(t)
    assert.equal((await call('GET', widgets)).code, 404)
    assert.equal((await call('POST', crds, { body: definition() })).code, 201)
    assert.equal((await call('GET', widgets)).code, 200)
    const { body } = await established(call)
    assert.deepEqual(body.status.acceptedNames, {
      plural: 'widgets',
      singular: 'widget',
      kind: 'Widget',
      listKind: 'WidgetList',
      shortNames: ['wd'],
      categories: ['all'],
    })
    assert.deepEqual(body.status.storedVersions, ['v1'])
    const { body: found } = await call('GET', '/apis/example.com/v1')
    assert.deepEqual(
      found.resources.map(({ name }) => name),
      ['widgets', 'widgets/status', 'widgets/scale'],
    )
    const { body: index } = await call('GET', '/openapi/v3')
    const url = String(index.paths['apis/example.com/v1' as never]?.['serverRelativeURL' as never])
    const { body: document } = await call('GET', url)
    assert.ok(document.components.schemas['com.example.v1.Widget' as never])
  })

  test('prune unknown fields, fill in defaults and refuse what does not fit', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', crds, { body: definition() })
    const made = await call('POST', widgets, { body: widget('a', { size: 1, extra: 'x' }) })
    assert.deepEqual(made.body.spec, { size: 1, color: 'red' })
    assert.match(String(made.headers.warning), /unknown field \\"spec.extra\\"/)
    assert.equal(made.body.metadata.generation, 1)
    const refused = await call('POST', widgets, { body: widget('b', { size: 0 }) })
    assert.equal(refused.code, 422)
    assert.equal(refused.body.details.causes[0]?.field, 'spec.size')
    const strict = await call('POST', `${widgets}?fieldValidation=Strict`, {
      body: widget('b', { size: 1, extra: 'x' }),
    })
    assert.equal(strict.code, 400)
    assert.equal(
      (await call('PUT', `${widgets}/a`, { body: widget('a', { size: 2 }) })).code,
      422,
      'needs a resourceVersion',
    )
    const strategic = await call('PATCH', `${widgets}/a`, { body: {}, headers: patchOf('strategic') })
    assert.equal(strategic.code, 415)
  })

  test('have their status, scale, columns and selectable fields', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', crds, { body: definition() })
    await call('POST', widgets, { body: widget('a', { size: 1, replicas: 1 }) })
    await call('POST', widgets, { body: widget('b', { size: 2, color: 'blue' }) })
    const merge = patchOf('merge')
    const status = { status: { replicas: 3, selector: 'a=b' }, spec: { size: 9 } }
    const { body: reported } = await call('PATCH', `${widgets}/a/status`, { body: status, headers: merge })
    assert.deepEqual([reported.spec.size, reported.status.replicas, reported.metadata.generation], [1, 3, 1])
    const { body: scale } = await call('PATCH', `${widgets}/a/scale`, {
      body: { spec: { replicas: 5 } },
      headers: merge,
    })
    assert.deepEqual([scale.spec.replicas, scale.status.replicas, scale.status.selector], [5, 3, 'a=b'])
    assert.equal((await call('GET', `${widgets}/a`)).body.metadata.generation, 2)
    const { body: blue } = await call('GET', `${widgets}?fieldSelector=spec.color%3Dblue`)
    assert.deepEqual(
      blue.items.map(({ metadata }) => metadata.name),
      ['b'],
    )
    const Accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const { body: table } = await call('GET', widgets, { headers: { Accept } })
    assert.deepEqual(
      table.rows.map(({ cells }) => cells.slice(0, 2)),
      [
        ['a', 1],
        ['b', 2],
      ],
    )
  })

  test('are read and written in every served version, and stored in one', async (t) => {
    const { call, watch } = await startTestServer(t)
    await call('POST', crds, { body: definition([version('v1'), version('v1beta1')]) })
    const beta = '/apis/example.com/v1beta1/namespaces/default/widgets'
    await call('POST', beta, { body: widget('a', { size: 1 }, 'example.com/v1beta1') })
    assert.equal((await call('GET', `${widgets}/a`)).body.apiVersion, 'example.com/v1')
    assert.equal((await call('GET', `${beta}/a`)).body.apiVersion, 'example.com/v1beta1')
    const stream = await watch(`${beta}?watch=1`)
    assert.equal((await stream.next()).object.apiVersion, 'example.com/v1beta1')
    stream.stop()
    const { body: group } = await call('GET', '/apis/example.com')
    assert.deepEqual(
      group.versions.map(({ name: _name, ...rest }) => Object.values(rest)),
      [
        ['example.com/v1', 'v1'],
        ['example.com/v1beta1', 'v1beta1'],
      ],
    )
  })

  test('show older objects under a changed schema, and end watches on it', async (t) => {
    const { call, watch } = await startTestServer(t)
    await call('POST', crds, { body: definition() })
    await established(call)
    await call('POST', widgets, { body: widget('a', { size: 1 }) })
    const stream = await watch(`${widgets}?watch=1`)
    await stream.next()
    const properties = { size: { type: 'integer' }, x: { type: 'string', default: 'new' } }
    const changed = { type: 'object', properties: { spec: { type: 'object', properties } } }
    const body = [
      { op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: changed },
      { op: 'remove', path: '/spec/versions/0/selectableFields' },
    ]
    assert.equal((await call('PATCH', `${crds}/widgets.example.com`, { body, headers: patchOf('json') })).code, 200)
    assert.deepEqual(await stream.rest(), [])
    assert.deepEqual((await call('GET', `${widgets}/a`)).body.spec, { size: 1, x: 'new' })
  })

  test('go with their definition, once finalizers let go', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', crds, { body: definition() })
    await established(call)
    const body = { ...widget('a', { size: 1 }), metadata: { name: 'a', finalizers: ['example.com/wait'] } }
    await call('POST', widgets, { body })
    const { body: deleted } = await call('DELETE', `${crds}/widgets.example.com`)
    assert.deepEqual(deleted.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io'])
    await eventually(
      () => call('GET', `${widgets}/a`),
      (answer) => answer.body.metadata.deletionTimestamp !== undefined,
    )
    assert.equal((await call('GET', `${crds}/widgets.example.com`)).code, 200)
    await call('PATCH', `${widgets}/a`, { body: { metadata: { finalizers: null } }, headers: patchOf('merge') })
    await eventually(
      () => call('GET', `${crds}/widgets.example.com`),
      ({ code }) => code === 404,
    )
    assert.equal((await call('GET', widgets)).code, 404)
  })

  test('are there again after a restart', async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'millrace-apiserver-'))
    const first = await startTestServer(t, { dataDir })
    await first.call('POST', crds, { body: definition() })
    await first.call('POST', widgets, { body: widget('a', { size: 1 }) })
    await first.close()
    const second = await startTestServer(t, { dataDir })
    assert.deepEqual((await second.call('GET', `${widgets}/a`)).body.spec, { size: 1, color: 'red' })
  })

  test('warn when their version is deprecated', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', crds, { body: definition([version('v1', { deprecated: true })]) })
    assert.equal((await call('GET', widgets)).headers.warning, '299 - "example.com/v1 Widget is deprecated"')
  })

  test('are applied through their scale, and fought over there too', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', crds, { body: definition() })
    await call('POST', widgets, { body: widget('a', { size: 1, replicas: 1 }) })
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 4 } }
    const apply = (more: string) =>
      call('PATCH', `${widgets}/a/scale?fieldManager=scaler${more}`, { body: scale, headers: patchOf('apply') })
    assert.equal((await apply('')).code, 409)
    assert.equal((await apply('&force=true')).body.spec.replicas, 4)
  })

  test('do not take names that are in use', async (t) => {
    const { call } = await startTestServer(t)
    await call('POST', crds, { body: definition() })
    await established(call)
    const body = {
      ...definition([version('v1')], { names: { plural: 'gadgets', kind: 'Widget' } }),
      metadata: { name: 'gadgets.example.com' },
    }
    assert.equal((await call('POST', crds, { body })).code, 201)
    const { body: crd } = await eventually(
      () => call('GET', `${crds}/gadgets.example.com`),
      (answer) => (answer.body.status.conditions?.length ?? 0) > 0,
    )
    assert.deepEqual(
      crd.status.conditions.map(({ type, status }) => [type, status]),
      [
        ['NamesAccepted', 'False'],
        ['Established', 'False'],
      ],
    )
    assert.equal((await call('GET', '/apis/example.com/v1/namespaces/default/gadgets')).code, 404)
  })

  test('are refused with every reason at once when the definition is wrong', async (t) => {
    const { call } = await startTestServer(t)
    const body = {
      ...definition([version('v1', { storage: false, schema: undefined, selectableFields: undefined })]),
      metadata: { name: 'wrong' },
    }
    const { code, body: answer } = await call('POST', crds, { body })
    assert.equal(code, 422)
    const fields = answer.details.causes.map(({ field }) => String(field))
    for (const field of ['metadata.name', 'spec.versions', 'spec.versions[0].schema.openAPIV3Schema']) {
      assert.ok(fields.includes(field), `${field} in ${fields.join(' ')}`)
    }
  })
})
