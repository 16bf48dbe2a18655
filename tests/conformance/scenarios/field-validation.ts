import type { Scenario } from '../scenario.ts'
import { configMap, deployment } from './sample-objects.ts'

const duplicate =
  '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"NAME","labels":{"a":"1","a":"2"}},"data":{"x":"1","x":"2"},"data":{"y":"3"}}'
const unknown = (name: string) => ({
  ...deployment(name, {
    invented: true,
    containers: [{ name: 'c', image: 'i', imagePolicy: 'x', ports: [{ port: 1 }] }],
  }),
  extra: { deep: 1 },
})

export const fieldValidationScenarios: readonly Scenario[] = [
  {
    name: 'unknown and duplicate fields are ignored, warned about or refused',
    play: async (api) => {
      for (const level of ['Ignore', 'Warn', 'Strict', 'Sometimes']) {
        const name = level.toLowerCase()
        await api.post(`apps/v1/deployments?fieldValidation=${level}`, unknown(name))
        await api.post(`v1/configmaps?fieldValidation=${level}`, duplicate.replace('NAME', name))
        await api.put(`v1/configmaps/ignore?fieldValidation=${level}`, { ...configMap('ignore'), dat: {} })
        await api.patch(`v1/configmaps/ignore?fieldValidation=${level}`, 'merge', { metadata: { lables: { a: 'b' } } })
        await api.patch(`v1/configmaps/ignore?fieldValidation=${level}`, 'merge', '{"data":{"a":"1","a":"2"}}')
        await api.patch(`v1/configmaps/ignore?fieldValidation=${level}`, 'strategic', { dta: 1 })
        await api.patch(`v1/configmaps/ignore?fieldValidation=${level}`, 'json', [
          { op: 'add', path: '/dta', value: 1 },
        ])
        await api.patch(
          `v1/configmaps/ignore?fieldValidation=${level}`,
          'json',
          '[{"op":"add","op":"add","path":"/data/q","value":"1"}]',
        )
        await api.patch(`v1/configmaps/ap?fieldManager=m&fieldValidation=${level}`, 'apply', {
          ...configMap('ap'),
          dta: 1,
        })
        await api.patch(
          `v1/configmaps/ap?fieldManager=m&fieldValidation=${level}`,
          'apply',
          'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ap}\ndata: {a: "1", a: "2"}\n',
        )
      }
      await api.post('v1/configmaps', duplicate.replace('NAME', 'default-level'))
      await api.post('apps/v1/deployments', unknown('default-level'))
      await api.post(
        'v1/configmaps?fieldValidation=Strict',
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\nmetadata:\n  name: z\nfoo: 1\n',
        {
          contentType: 'application/yaml',
        },
      )
    },
  },
  {
    name: 'field names are case-sensitive and wrong types are refused by Go path',
    play: async (api) => {
      await api.post('apps/v1/deployments?fieldValidation=Strict', { ...deployment('d'), Spec: {} })
      await api.post('apps/v1/deployments', {
        ...deployment('d'),
        spec: { ...(deployment('d').spec as object), replicas: '2' },
      })
      await api.post('apps/v1/deployments', {
        ...deployment('d'),
        spec: { ...(deployment('d').spec as object), replicas: 2.5 },
      })
      await api.post('apps/v1/deployments', {
        ...deployment('d'),
        spec: { ...(deployment('d').spec as object), replicas: 99999999999 },
      })
      await api.post('apps/v1/deployments', {
        ...deployment('d'),
        spec: { ...(deployment('d').spec as object), paused: 'yes' },
      })
      await api.post('apps/v1/deployments', { ...deployment('d'), metadata: { name: 'd', labels: { a: 1 } } })
      await api.post('apps/v1/deployments', {
        ...deployment('d'),
        metadata: { name: 'd', creationTimestamp: 'yesterday' },
      })
      await api.post(
        'apps/v1/deployments',
        deployment('d', { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: 'much' } } }] }),
      )
      await api.post('apps/v1/deployments', deployment('d', { containers: 'none' }))
      await api.post('apps/v1/deployments', deployment('d', { containers: [7] }))
      await api.post('v1/secrets', {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 's' },
        data: { a: 'not base64!' },
      })
      await api.post('v1/services', {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's' },
        spec: { ports: [{ port: 'http' }] },
      })
      await api.post('v1/services', {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's' },
        spec: { ports: [{ port: 80, targetPort: true }] },
      })
      await api.post('v1/configmaps', { ...configMap('nulls'), data: { a: null }, binaryData: null, immutable: null })
      await api.post('v1/configmaps', {
        ...configMap('empties'),
        data: {},
        binaryData: {},
        metadata: { name: 'empties', labels: {}, annotations: null },
      })
    },
  },
]
