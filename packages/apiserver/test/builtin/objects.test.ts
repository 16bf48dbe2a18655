import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '@millrace/kube'
import { builtinCatalog } from '../../src/builtin/catalog.ts'
import { decodeBuiltin } from '../../src/builtin/decode.ts'
import { defaultBuiltin } from '../../src/builtin/defaults.ts'
import { prepareCreate, prepareUpdate, strategyOf } from '../../src/builtin/strategy.ts'
import { validateCreate, validateUpdate } from '../../src/builtin/validate-builtin.ts'
import { type NameRule, validateMetadata, validateMetadataUpdate } from '../../src/builtin/validate-metadata.ts'
import { invalidMessage } from '../../src/schema/field-error.ts'
import { gvkOf, merged, recorded, schemaOf, sorted } from '../recorded.ts'

type Outcome = { readonly object: KubeObject } | { readonly message: string }

const nameRules: Readonly<Record<string, NameRule>> = {
  Namespace: 'label',
  Service: 'label1035',
  Role: 'path-segment',
  ClusterRole: 'path-segment',
  RoleBinding: 'path-segment',
  ClusterRoleBinding: 'path-segment',
}

/** What a create does before anything is stored. */
function create(input: KubeObject, uid: string): Outcome {
  const gvk = gvkOf(input)
  const decoded = decodeBuiltin(input, schemaOf(gvk))
  if (!decoded.ok) {
    return { message: `${gvk.kind} in version "${gvk.version}" cannot be handled as a ${gvk.kind}: ${decoded.message}` }
  }
  const isNamespaced = builtinCatalog().resources.some(
    (resource) => resource.gvk.kind === gvk.kind && resource.gvk.group === gvk.group && resource.namespaced,
  )
  const filled = defaultBuiltin(gvk, decoded.object)
  const metadata = { ...filled.metadata, uid, ...(isNamespaced ? { namespace: 'oracle' } : {}) }
  const object = prepareCreate(strategyOf(gvk), gvk, { ...filled, metadata })
  const findings = [
    ...validateMetadata(object, isNamespaced, nameRules[gvk.kind] ?? 'subdomain'),
    ...validateCreate(gvk, object),
  ]
  if (findings.length === 0) return { object }
  return { message: invalidMessage(gvk.kind, gvk.group, object.metadata.name ?? '', findings) }
}

function update(change: unknown, old: KubeObject): Outcome {
  const gvk = gvkOf(old)
  const decoded = decodeBuiltin(merged(old, change), schemaOf(gvk))
  if (!decoded.ok) return { message: decoded.message }
  const object = prepareUpdate(strategyOf(gvk), defaultBuiltin(gvk, decoded.object), old, '')
  const findings = [...validateMetadataUpdate(object, old), ...validateUpdate(gvk, object, old)]
  if (findings.length === 0) return { object }
  return { message: invalidMessage(gvk.kind, gvk.group, object.metadata.name ?? '', findings) }
}

/** Without what other parts of the server give: addresses and ports of Services, admission's fields of Pods. */
function withoutAllocations(object: KubeObject): unknown {
  const copy = structuredClone(object) as { kind: string; spec?: Record<string, unknown> }
  const dropped: Readonly<Record<string, readonly string[]>> = {
    Service: ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'],
    Pod: ['tolerations', 'priority', 'preemptionPolicy'],
  }
  for (const field of dropped[copy.kind] ?? []) delete copy.spec?.[field]
  const ports = (copy.kind === 'Service' ? copy.spec?.['ports'] : undefined) as Record<string, unknown>[] | undefined
  for (const port of ports ?? []) delete port['nodePort']
  return copy
}

interface Stored {
  readonly input: KubeObject
  readonly stored: KubeObject
}

interface Refused {
  readonly input: KubeObject
  readonly message: string
}

interface Updated {
  readonly old: KubeObject
  readonly changes: readonly {
    readonly change: object
    readonly message?: string
    readonly generation?: number | null
  }[]
}

describe('objects are stored as kube-apiserver stores them', () => {
  recorded<readonly Stored[]>('defaulted').forEach(({ input, stored }, index) => {
    test(`${input.kind} ${index}`, () => {
      const outcome = create(input, stored.metadata.uid ?? '')
      assert.ok('object' in outcome, 'message' in outcome ? outcome.message : '')
      assert.deepEqual(withoutAllocations(outcome.object), withoutAllocations(stored))
    })
  })
})

describe('objects are refused in the words of kube-apiserver', () => {
  recorded<readonly Refused[]>('refused').forEach(({ input, message }, index) => {
    test(`${input.kind} ${index}`, () => {
      const outcome = create(input, '')
      assert.equal('message' in outcome ? sorted(outcome.message) : 'taken', sorted(message))
    })
  })
})

describe('updates change and keep what they may and must', () => {
  for (const { old, changes } of recorded<readonly Updated[]>('updated')) {
    for (const { change, message, generation } of changes) {
      test(`${old.kind} ${JSON.stringify(change).slice(0, 80)}`, () => {
        const outcome = update(change, old)
        if (message !== undefined) {
          assert.equal('message' in outcome ? sorted(outcome.message) : 'taken', sorted(message))
        } else {
          assert.ok('object' in outcome, 'message' in outcome ? outcome.message : '')
          assert.equal(outcome.object.metadata.generation ?? null, generation)
        }
      })
    }
  }
})

describe('a Service', () => {
  const old = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.9',
      clusterIPs: ['10.96.0.9'],
      externalTrafficPolicy: 'Cluster',
      allocateLoadBalancerNodePorts: true,
      ports: [{ name: 'http', port: 80, nodePort: 30080 }],
    },
  }
  const specAfter = (spec: object): Record<string, unknown> => {
    const object = { ...old, spec } as unknown as KubeObject
    return prepareUpdate(strategyOf(gvkOf(old)), object, old, '').spec as Record<string, unknown>
  }

  test('keeps its address and node ports when the writer leaves them out', () => {
    const spec = specAfter({ type: 'LoadBalancer', ports: [{ name: 'http', port: 81 }] })
    assert.equal(spec['clusterIP'], '10.96.0.9')
    assert.deepEqual(spec['ports'], [{ name: 'http', port: 81, nodePort: 30080 }])
  })

  test('loses what its new type has no use for', () => {
    const spec = specAfter({ ...old.spec, type: 'ClusterIP' })
    assert.deepEqual(spec, {
      type: 'ClusterIP',
      clusterIP: '10.96.0.9',
      clusterIPs: ['10.96.0.9'],
      ports: [{ name: 'http', port: 80 }],
    })
  })
})

test('status belongs to /status, spec to the object itself', () => {
  const old: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', generation: 3, labels: { a: 'b' } },
    spec: { replicas: 1 },
    status: { replicas: 1 },
  }
  const strategy = strategyOf(gvkOf(old))
  const wanted = { ...old, metadata: { name: 'd', labels: { c: 'd' } }, spec: { replicas: 2 }, status: { replicas: 2 } }
  const main = prepareUpdate(strategy, wanted, old, '')
  assert.deepEqual([main.spec, main.status, main.metadata.generation], [{ replicas: 2 }, { replicas: 1 }, 4])
  const status = prepareUpdate(strategy, wanted, old, 'status')
  assert.deepEqual([status.spec, status.status, status.metadata.generation], [{ replicas: 1 }, { replicas: 2 }, 3])
  assert.deepEqual(status.metadata.labels, { a: 'b' })
})
