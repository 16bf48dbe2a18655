import { itemsOf, textAt, valueAt } from '../api-answer.ts'
import type { Scenario } from '../scenario.ts'

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
/** Versions and resources that the embedded server has on purpose not; what it has must be described equally. */
const groups = [
  'apps/v1',
  'admissionregistration.k8s.io/v1',
  'apiextensions.k8s.io/v1',
  'authentication.k8s.io/v1',
  'authorization.k8s.io/v1',
  'autoscaling/v2',
  'batch/v1',
  'coordination.k8s.io/v1',
  'discovery.k8s.io/v1',
  'events.k8s.io/v1',
  'networking.k8s.io/v1',
  'policy/v1',
  'rbac.authorization.k8s.io/v1',
  'scheduling.k8s.io/v1',
  'storage.k8s.io/v1',
]

const byName = (list: unknown): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    (Array.isArray(list) ? list : []).map((item) => [textAt(item, 'name') || textAt(item, 'resource'), item]),
  )

const nameOf = (group: unknown): string => textAt(group, 'metadata', 'name')

export const discoveryScenarios: readonly Scenario[] = [
  {
    name: 'classic discovery describes each resource',
    play: async (api) => {
      await api.get('/api')
      for (const path of ['/api/v1', ...groups.map((group) => `/apis/${group}`)]) {
        const { body, status, contentType } = await api.quietly('GET', path)
        api.note(path, {
          status,
          contentType,
          kind: valueAt(body, 'kind'),
          groupVersion: valueAt(body, 'groupVersion'),
          resources: byName(valueAt(body, 'resources')),
        })
      }
      for (const group of groups) await api.get(`/apis/${group.split('/')[0]}`)
      const { body } = await api.quietly('GET', '/apis')
      const names = new Set(groups.map((group) => group.split('/')[0]))
      const found = valueAt(body, 'groups')
      const known = (Array.isArray(found) ? found : []).filter((group) => names.has(textAt(group, 'name')))
      api.note('/apis', byName(known))
      await api.get('/apis/apps/v1/')
      await api.get('/apis/apps/')
    },
  },
  {
    name: 'aggregated discovery describes each resource',
    play: async (api) => {
      for (const path of ['/api', '/apis']) {
        const { body, status, contentType } = await api.quietly('GET', path, { accept: aggregated })
        api.note(`${path} kind`, {
          status,
          contentType,
          kind: valueAt(body, 'kind'),
          apiVersion: valueAt(body, 'apiVersion'),
        })
        const found = itemsOf(body).toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
        for (const group of found) {
          const name = nameOf(group)
          const versions = valueAt(group, 'versions')
          for (const version of Array.isArray(versions) ? versions : []) {
            const groupVersion = `${name}/${textAt(version, 'version')}`
            if (name !== '' && !groups.includes(groupVersion)) continue
            api.note(groupVersion, { ...version, resources: byName(valueAt(version, 'resources')) })
          }
        }
      }
    },
  },
  {
    name: 'OpenAPI v3 lists documents and describes the kinds',
    play: async (api) => {
      const index = await api.quietly('GET', '/openapi/v3')
      const paths = valueAt(index.body, 'paths')
      const wanted = ['api/v1', ...groups.map((group) => `apis/${group}`)]
      api.note('index', {
        status: index.status,
        lacks: wanted.filter((path) => valueAt(paths, path) === undefined),
      })
      for (const [path, schemas] of [
        [
          '/openapi/v3/api/v1',
          ['io.k8s.api.core.v1.ConfigMap', 'io.k8s.api.core.v1.Pod', 'io.k8s.api.core.v1.ServicePort'],
        ],
        ['/openapi/v3/apis/apps/v1', ['io.k8s.api.apps.v1.Deployment', 'io.k8s.api.apps.v1.DeploymentSpec']],
      ] as const) {
        const document = await api.quietly('GET', path)
        api.note(path, {
          status: document.status,
          contentType: document.contentType,
          openapi: valueAt(document.body, 'openapi'),
        })
        for (const schema of schemas) {
          const found = valueAt(document.body, 'components', 'schemas', schema)
          const properties = Object.keys(Object(valueAt(found, 'properties'))).toSorted()
          api.note(schema, {
            properties,
            kinds: valueAt(found, 'x-kubernetes-group-version-kind'),
            required: valueAt(found, 'required'),
          })
        }
      }
      const absent = await api.quietly('GET', '/openapi/v3/apis/nothing/v1')
      api.note('an absent document', absent.status)
      const v2 = await api.quietly('GET', '/openapi/v2')
      api.note('/openapi/v2', { status: v2.status, swagger: valueAt(v2.body, 'swagger') })
    },
  },
  {
    name: 'health, version and places without a resource',
    play: async (api) => {
      for (const path of ['/healthz', '/livez', '/readyz', '/readyz/ping']) {
        const { status, contentType, body } = await api.quietly('GET', path)
        api.note(path, { status, contentType, body: typeof body === 'string' ? body.slice(0, 40) : body })
      }
      const version = await api.quietly('GET', '/version')
      api.note('version', {
        status: version.status,
        keys: Object.keys(Object(version.body)).toSorted(),
        major: valueAt(version.body, 'major'),
        minor: valueAt(version.body, 'minor'),
      })
      await api.call('POST', '/version', { body: {} })
    },
  },
]
