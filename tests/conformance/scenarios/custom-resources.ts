import { revisionOf, textAt, valueAt } from '../api-answer.ts'
import type { Scenario } from '../scenario.ts'

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const table = 'application/json;as=Table;g=meta.k8s.io;v=v1,application/json'

interface Definition {
  readonly group: string
  readonly schema: object
  readonly version?: object
  readonly spec?: object
}

const definition = ({ group, schema, version = {}, spec = {} }: Definition) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList', shortNames: ['wd'] },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }],
    ...spec,
  },
})

const widget = (group: string, name: string, body: object = {}) => ({
  apiVersion: `${group}/v1`,
  kind: 'Widget',
  metadata: { name },
  ...body,
})

const typed = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 10 },
        color: { type: 'string', default: 'red', enum: ['red', 'green'] },
        name: { type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]+$' },
        ratio: { type: 'number', exclusiveMinimum: true, minimum: 0, multipleOf: 0.5 },
        when: { type: 'string', format: 'date-time' },
        port: { 'x-kubernetes-int-or-string': true },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set', maxItems: 3 },
        parts: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, count: { type: 'integer', default: 1 } },
          },
        },
        labels: { type: 'object', additionalProperties: { type: 'string' }, maxProperties: 2 },
        open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        maybe: { type: 'string', nullable: true },
        limits: { type: 'object', properties: { cpu: { type: 'string', default: '1' } }, default: {} },
        template: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
        either: {
          type: 'object',
          properties: { a: { type: 'string' }, b: { type: 'string' } },
          oneOf: [{ required: ['a'] }, { required: ['b'] }],
        },
      },
    },
    status: {
      type: 'object',
      properties: { ready: { type: 'boolean' }, count: { type: 'integer' }, selector: { type: 'string' } },
    },
  },
}

export const customResourceScenarios: readonly Scenario[] = [
  {
    name: 'custom objects are pruned, completed and checked by their schema',
    play: async (api) => {
      const group = 'typed.example.com'
      const at = `${group}/v1/widgets`
      await api.define(definition({ group, schema: typed }))
      await api.get(`${crds}/widgets.${group}`)
      const post = (name: string, spec: unknown, query = '') => api.post(`${at}${query}`, widget(group, name, { spec }))
      await post('minimal', { size: 1 })
      await post('unknown', { size: 1, extra: 1, open: { kept: { deep: true } }, limits: { x: 1 } })
      await post('unknown-strict', { size: 1, extra: 1, parts: [{ name: 'a', extra: 1 }] }, '?fieldValidation=Strict')
      await post('unknown-warn', { size: 1, extra: 1 }, '?fieldValidation=Warn')
      await post('parts', {
        size: 2,
        parts: [{ name: 'a' }, { name: 'b', count: 3 }],
        port: 'http',
        maybe: null,
        color: null,
      })
      await api.post(at, widget(group, 'none'))
      await post('empty', {})
      await post('bad', {
        size: 11,
        color: 'blue',
        name: 'TOO-LONG',
        ratio: 0,
        when: 'now',
        port: true,
        tags: ['a', 'a'],
      })
      await post('bad', { size: '1', tags: 'x', labels: { a: 1 }, parts: {}, limits: null })
      await post('bad', { size: 1.5 })
      await post('bad', { size: 1, parts: [{ name: 'a' }, { name: 'a' }] })
      await post('bad', {
        size: 1,
        parts: [{ count: 1 }],
        labels: { a: '1', b: '2', c: '3' },
        tags: ['1', '2', '3', '4'],
      })
      await post('bad', { size: 1, either: {} })
      await post('bad', { size: 1, either: { a: 'x', b: 'y' } })
      await post('bad', { size: 1, ratio: 0.7 })
      await post('bad', 'text')
      await post('embedded', {
        size: 1,
        template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: { a: 'b' } }, anything: 1 },
      })
      await post('bad', { size: 1, template: { anything: 1 } })
      await post('bad', { size: 1, template: { apiVersion: '', kind: 'Not_A_Kind' } })
      await post('Bad_Name', { size: 1 })
      await api.post(at, { ...widget(group, 'typo'), kind: 'Gadget' })
      await api.post(at, { ...widget(group, 'typo'), apiVersion: `${group}/v2` })
      await api.post(at, {
        ...widget(group, 'labels', { spec: { size: 1 } }),
        metadata: { name: 'labels', labels: { a: 1 } },
      })
      await api.post(at, {
        ...widget(group, 'labels', { spec: { size: 1 } }),
        metadata: { name: 'labels', unknown: 1 },
      })
      await api.put(`${at}/minimal`, widget(group, 'minimal', { spec: { size: 2 } }))
      await api.patch(`${at}/minimal`, 'merge', { spec: { size: 3, color: null } })
      await api.patch(`${at}/minimal`, 'json', [{ op: 'replace', path: '/spec/size', value: 4 }])
      await api.patch(`${at}/minimal`, 'strategic', { spec: { size: 5 } })
      await api.patch(`${at}/minimal`, 'merge', { status: { ready: true } })
      await api.patch(`${at}/minimal`, 'merge', { spec: { size: 40 } })
      await api.get(at)
      await api.get(`${at}/minimal`, { accept: table })
      await api.delete(at)
    },
  },
  {
    name: 'custom objects are applied by their schema',
    play: async (api) => {
      const group = 'applied.example.com'
      const at = `${group}/v1/widgets/w`
      await api.define(definition({ group, schema: typed }))
      const apply = (manager: string, spec: object, more = '') =>
        api.patch(`${at}?fieldManager=${manager}${more}`, 'apply', widget(group, 'w', { spec }))
      await apply('one', {
        size: 1,
        parts: [{ name: 'a', count: 2 }],
        tags: ['x'],
        open: { a: { b: 1 } },
        labels: { k: 'v' },
      })
      await apply('two', { parts: [{ name: 'b' }], tags: ['y'], open: { a: { c: 2 } }, labels: { l: 'w' } })
      await apply('two', { size: 2 })
      await apply('two', { parts: [{ name: 'a', count: 3 }] })
      await apply('two', { parts: [{ name: 'a', count: 3 }] }, '&force=true')
      await apply('one', { size: 1 })
      await apply('one', { size: 1, extra: 1 }, '&fieldValidation=Strict')
      await apply('one', { size: 1, extra: 1 })
      await api.get(at)
    },
  },
  {
    name: 'status and scale of custom objects',
    play: async (api) => {
      const group = 'sub.example.com'
      const at = `${group}/v1/widgets`
      await api.define(
        definition({
          group,
          schema: { ...typed, required: [] },
          version: {
            subresources: {
              status: {},
              scale: {
                specReplicasPath: '.spec.size',
                statusReplicasPath: '.status.count',
                labelSelectorPath: '.status.selector',
              },
            },
          },
        }),
      )
      await api.post(at, widget(group, 'w', { spec: { size: 1 }, status: { ready: true } }))
      await api.patch(`${at}/w`, 'merge', { spec: { size: 2 }, status: { ready: true } })
      await api.patch(`${at}/w/status`, 'merge', {
        spec: { size: 9 },
        status: { ready: true, count: 2, selector: 'a=b', x: 1 },
        metadata: { labels: { a: 'b' }, annotations: { c: 'd' } },
      })
      await api.patch(`${at}/w/status`, 'merge', { status: { count: 'two' } })
      await api.get(`${at}/w/status`)
      await api.get(`${at}/w/scale`)
      await api.patch(`${at}/w/scale`, 'merge', { spec: { replicas: 5 } })
      await api.patch(`${at}/w/scale`, 'merge', { spec: { replicas: 50 } })
      await api.patch(`${at}/w/scale`, 'merge', { spec: { replicas: -1 } })
      await api.patch(`${at}/w`, 'merge', { metadata: { labels: { x: 'y' } } })
      await api.put(`${at}/w/status`, widget(group, 'w', { spec: { size: 7 }, status: { ready: false } }))
      const read = await api.quietly('GET', `${at}/w`)
      await api.put(`${at}/w/status`, {
        ...widget(group, 'w'),
        metadata: { name: 'w', resourceVersion: revisionOf(read) },
        status: { ready: false },
      })
      await api.patch(`${at}/w/status?fieldManager=s`, 'apply', widget(group, 'w', { status: { count: 4 } }))
      await api.get(`${at}/w`)
      await api.post(at, widget(group, 'unsized'))
      await api.get(`${at}/unsized/scale`)
    },
  },
  {
    name: 'CEL rules hold, also across updates',
    play: async (api) => {
      const group = 'cel.example.com'
      const at = `${group}/v1/widgets`
      const schema = {
        type: 'object',
        'x-kubernetes-validations': [
          { rule: 'self.metadata.name.size() < 10', message: 'name too long' },
          {
            rule: '!has(self.spec) || self.spec.min <= self.spec.max',
            messageExpression: "self.spec.max < 0 ? 'max is negative' : 'min exceeds max'",
            reason: 'FieldValueForbidden',
            fieldPath: '.spec.min',
          },
        ],
        properties: {
          spec: {
            type: 'object',
            required: ['min', 'max'],
            'x-kubernetes-validations': [{ rule: 'self.min >= oldSelf.min', message: 'min only grows' }],
            properties: {
              min: { type: 'integer' },
              max: { type: 'integer' },
              kind: {
                type: 'string',
                'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'kind is immutable' }],
              },
              list: {
                type: 'array',
                maxItems: 5,
                items: {
                  type: 'string',
                  maxLength: 10,
                  'x-kubernetes-validations': [{ rule: "self.startsWith('x')" }],
                },
                'x-kubernetes-validations': [{ rule: 'self.all(i, self.exists_one(j, i == j))', message: 'no twins' }],
              },
              map: {
                type: 'object',
                maxProperties: 5,
                additionalProperties: { type: 'integer' },
                'x-kubernetes-validations': [{ rule: 'self.all(k, self[k] > 0)' }],
              },
              quantity: {
                type: 'string',
                maxLength: 20,
                'x-kubernetes-validations': [{ rule: 'isQuantity(self)', message: 'no quantity' }],
              },
              url: {
                type: 'string',
                maxLength: 100,
                'x-kubernetes-validations': [{ rule: "url(self).getScheme() == 'https'" }],
              },
            },
          },
        },
      }
      await api.define(definition({ group, schema }))
      const post = (name: string, spec?: object) => api.post(at, widget(group, name, spec && { spec }))
      await post('a', {
        min: 1,
        max: 2,
        kind: 'k',
        list: ['x1', 'x2'],
        map: { a: 1 },
        quantity: '1Gi',
        url: 'https://x',
      })
      await post('much-too-long-a-name', { min: 3, max: 2 })
      await post('b', { min: 1, max: 2, list: ['y', 'x', 'x'], map: { a: 0 }, quantity: 'much', url: 'http://x' })
      await post('c', { min: 1, max: 2, url: 'no url at all' })
      await post('d')
      await api.patch(`${at}/a`, 'merge', { spec: { min: 0 } })
      await api.patch(`${at}/a`, 'merge', { spec: { kind: 'other' } })
      await api.patch(`${at}/a`, 'merge', { spec: { kind: null } })
      await api.patch(`${at}/a`, 'merge', { spec: { min: 2 } })
      await api.patch(`${at}/d`, 'merge', { spec: { min: 9, max: 10 } })
    },
  },
  {
    name: 'rules that cost too much are ended',
    play: async (api) => {
      const group = 'cost.example.com'
      const rule = { rule: 'self.all(a, self.all(b, a + b >= 0))' }
      const list = { type: 'array', maxItems: 600, items: { type: 'integer' }, 'x-kubernetes-validations': [rule] }
      const schema = { type: 'object', properties: { spec: { type: 'object', properties: { list } } } }
      await api.define(definition({ group, schema }))
      const widget = (name: string, length: number) => ({
        apiVersion: `${group}/v1`,
        kind: 'Widget',
        metadata: { name },
        spec: { list: Array.from({ length }, () => 1) },
      })
      await api.post(`${group}/v1/widgets`, widget('few', 50))
      await api.post(`${group}/v1/widgets`, widget('many', 600))
    },
  },
  {
    name: 'definitions are refused with their causes',
    play: async (api) => {
      const group = 'refused.example.com'
      const refuse = (schema: object, version: object = {}, spec: object = {}) =>
        api.post(`${crds}?dryRun=All`, definition({ group, schema, version, spec }))
      await refuse({})
      await refuse({ type: 'string' })
      await refuse({ type: 'object', properties: { a: {} } })
      await refuse({ type: 'object', properties: { a: { type: 'array' }, b: { type: 'what' } } })
      await refuse({
        type: 'object',
        properties: { a: { type: 'string', default: 1 }, b: { type: 'integer', minimum: 5, default: 1 } },
      })
      await refuse({
        type: 'object',
        properties: { a: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' } },
      })
      await refuse({
        type: 'object',
        properties: {
          a: {
            type: 'array',
            items: { type: 'object', properties: { k: { type: 'string' } } },
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['k'],
          },
        },
      })
      await refuse({
        type: 'object',
        properties: { a: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'set' } },
      })
      await refuse({
        type: 'object',
        properties: {
          a: { type: 'object', properties: { x: { type: 'string' } }, additionalProperties: { type: 'string' } },
        },
      })
      await refuse({ type: 'object', properties: { a: { type: 'string', pattern: '(' } } })
      await refuse({
        type: 'object',
        properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } },
      })
      await refuse({ type: 'object', anyOf: [{ properties: { a: { type: 'string' } } }] })
      await refuse({ type: 'object', $ref: '#/x' })
      await refuse({
        type: 'object',
        properties: { a: { type: 'string', nullable: true, 'x-kubernetes-int-or-string': true } },
      })
      await refuse({
        type: 'object',
        'x-kubernetes-validations': [{ rule: 'self.absent == 1' }, { rule: 'self +' }, { rule: '' }, { rule: '1' }],
      })
      await refuse({
        type: 'object',
        properties: {
          a: {
            type: 'array',
            items: { type: 'string' },
            'x-kubernetes-validations': [{ rule: 'self.all(x, self.all(y, self.all(z, x == y && y == z)))' }],
          },
        },
      })
      await refuse(
        { type: 'object' },
        { subresources: { scale: { specReplicasPath: '.status.x', statusReplicasPath: 'x' } } },
      )
      await refuse({ type: 'object' }, { additionalPrinterColumns: [{ name: '', type: 'text', jsonPath: 'x' }] })
      await refuse({ type: 'object' }, { selectableFields: [{ jsonPath: '.spec.absent' }] })
      await refuse({ type: 'object' }, { name: 'Version_1' })
      await refuse({ type: 'object' }, { served: false, storage: false })
      await refuse({ type: 'object' }, {}, { names: { plural: 'others', kind: 'widget' } })
      await refuse({ type: 'object' }, {}, { names: { plural: 'widgets' } })
      await refuse({ type: 'object' }, {}, { scope: 'Galaxy' })
      await refuse({ type: 'object' }, {}, { group: 'nodots', versions: [] })
      await refuse({ type: 'object' }, {}, { conversion: { strategy: 'Webhook' } })
      await refuse({ type: 'object' }, {}, { preserveUnknownFields: true })
      await api.post(`${crds}?dryRun=All`, { ...definition({ group: 'x.k8s.io', schema: { type: 'object' } }) })
      await api.post(`${crds}?dryRun=All`, {
        ...definition({ group, schema: { type: 'object' } }),
        metadata: { name: 'wrong.name' },
      })
    },
  },
  {
    name: 'definitions live, change and take their objects with them',
    play: async (api) => {
      const group = 'life.example.com'
      const name = `widgets.${group}`
      const schema = {
        type: 'object',
        properties: { spec: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer' } } } },
      }
      const column = (name: string, type: string, jsonPath: string, more: object = {}) => ({
        name,
        type,
        jsonPath,
        ...more,
      })
      const version = {
        additionalPrinterColumns: [
          column('A', 'string', '.spec.a', { description: 'The a' }),
          column('B', 'integer', '.spec.b', { priority: 1 }),
          column('Age', 'date', '.metadata.creationTimestamp'),
          column('Ready', 'string', ".status.conditions[?(@.type=='Ready')].status"),
        ],
        selectableFields: [{ jsonPath: '.spec.a' }],
      }
      await api.define(
        definition({
          group,
          schema,
          version,
          spec: {
            names: {
              plural: 'widgets',
              singular: 'widget',
              kind: 'Widget',
              shortNames: ['wd'],
              categories: ['conformance'],
            },
          },
        }),
      )
      const at = `${group}/v1/widgets`
      await api.post(at, widget(group, 'one', { spec: { a: 'x', b: 1, gone: 1 } }))
      await api.post(at, {
        ...widget(group, 'two', { spec: { a: 'y' } }),
        metadata: { name: 'two', finalizers: ['x.io/hold'] },
      })
      await api.get(at, { accept: table })
      await api.get(`${at}?fieldSelector=spec.a%3Dx`)
      await api.get(`${at}?fieldSelector=spec.b%3D1`)
      await api.get(`/apis/${group}`)
      await api.get(`/apis/${group}/v1`)
      const openapi = await api.quietly('GET', `/openapi/v3/apis/${group}/v1`)
      api.note(
        'OpenAPI schema of the kind',
        valueAt(openapi.body, 'components', 'schemas', 'com.example.life.v1.Widget'),
      )
      api.note('OpenAPI paths', Object.keys(Object(valueAt(openapi.body, 'paths'))).toSorted())
      await api.patch(`${crds}/${name}`, 'merge', { spec: { scope: 'Cluster' } })
      await api.patch(`${crds}/${name}`, 'merge', { spec: { names: { kind: 'Gadget' } } })
      await api.patch(`${crds}/${name}`, 'merge', { spec: { group: 'x.example.com' } })
      await api.patch(`${crds}/${name}`, 'merge', { metadata: { labels: { a: 'b' } } })
      const stored = await api.quietly('GET', `${crds}/${name}`)
      const versions = valueAt(stored.body, 'spec', 'versions')
      const [v1] = Array.isArray(versions) ? versions : []
      await api.patch(`${crds}/${name}`, 'merge', {
        spec: {
          versions: [
            { ...v1, storage: false },
            { ...v1, name: 'v2', deprecated: true },
          ],
        },
      })
      await api.until(`/apis/${group}/v2/widgets`, ({ status }) => status === 200)
      await api.get(`${group}/v2/widgets`)
      await api.get(`/apis/${group}`)
      await api.put(`${group}/v2/widgets/one`, {
        ...widget(group, 'one', { spec: { a: 'z' } }),
        apiVersion: `${group}/v2`,
      })
      await api.get(`${at}/one`)
      await api.patch(`${crds}/${name}`, 'merge', { spec: { versions: [{ ...v1, name: 'v2' }] } })
      const deleted = await api.delete(`${crds}/${name}`)
      api.note('deletion waits', textAt(deleted.body, 'status'))
      await api.until(`${at}/one`, ({ status }) => status === 404)
      await api.until(`${at}/two`, ({ body }) => valueAt(body, 'metadata', 'deletionTimestamp') !== undefined)
      await api.post(at, widget(group, 'late'))
      await api.get(`${at}/two`)
      await api.patch(`${at}/two`, 'merge', { metadata: { finalizers: null } })
      await api.until(`${crds}/${name}`, ({ status }) => status === 404)
      await api.until(at, ({ status }) => status === 404)
      await api.get(at)
      await api.get(`/apis/${group}`)
    },
  },
  {
    name: 'a definition whose names are taken waits',
    play: async (api) => {
      const group = 'taken.example.com'
      await api.define(definition({ group, schema: { type: 'object' } }))
      await api.post(crds, {
        ...definition({ group, schema: { type: 'object' } }),
        metadata: { name: `gadgets.${group}` },
        spec: {
          ...definition({ group, schema: { type: 'object' } }).spec,
          names: { plural: 'gadgets', kind: 'Widget', shortNames: ['wd'] },
        },
      })
      await api.until(`${crds}/gadgets.${group}`, ({ body }) => /NamesAccepted/.test(JSON.stringify(body)))
      await api.get(`${crds}/gadgets.${group}`)
      await api.get(`${group}/v1/gadgets`)
    },
  },
]
