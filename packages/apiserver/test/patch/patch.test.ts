import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { applyJsonPatch } from '../../src/patch/json-patch.ts'
import { applyMergePatch } from '../../src/patch/merge-patch.ts'
import type { PatchResult } from '../../src/patch/patch-result.ts'
import { applyStrategicPatch } from '../../src/patch/strategic-patch.ts'
import { schemaOf } from '../recorded.ts'

const podSchema = schemaOf({ group: '', version: 'v1', kind: 'Pod' })
const deploymentSchema = schemaOf({ group: 'apps', version: 'v1', kind: 'Deployment' })

function taken(result: PatchResult): unknown {
  assert.ok(result.ok, result.ok ? '' : result.message)
  return result.value
}

describe('JSON patch', () => {
  const document = { a: { b: [1, 2, 3] }, 'x/y': { '~': 1 } }

  const good: readonly (readonly [string, object, unknown])[] = [
    ['adds', { op: 'add', path: '/a/c', value: 1 }, { ...document, a: { b: [1, 2, 3], c: 1 } }],
    ['inserts', { op: 'add', path: '/a/b/1', value: 9 }, { ...document, a: { b: [1, 9, 2, 3] } }],
    ['appends', { op: 'add', path: '/a/b/-', value: 9 }, { ...document, a: { b: [1, 2, 3, 9] } }],
    ['removes', { op: 'remove', path: '/a/b/0' }, { ...document, a: { b: [2, 3] } }],
    ['replaces', { op: 'replace', path: '/x~1y/~0', value: 2 }, { ...document, 'x/y': { '~': 2 } }],
    ['moves', { op: 'move', from: '/a/b', path: '/b' }, { a: {}, 'x/y': { '~': 1 }, b: [1, 2, 3] }],
    ['copies', { op: 'copy', from: '/a/b/0', path: '/c' }, { ...document, c: 1 }],
    ['tests', { op: 'test', path: '/a/b', value: [1, 2, 3] }, document],
    ['takes the whole', { op: 'replace', path: '', value: {} }, {}],
  ]
  for (const [name, operation, wanted] of good) {
    test(name, () => assert.deepEqual(taken(applyJsonPatch(document, [operation])), wanted))
  }

  test('leaves the document as it was', () => {
    const before = structuredClone(document)
    applyJsonPatch(document, [
      { op: 'add', path: '/a/b/0', value: 5 },
      { op: 'remove', path: '/a' },
    ])
    assert.deepEqual(document, before)
  })

  const bad: readonly (readonly [string, object])[] = [
    ['nothing to remove', { op: 'remove', path: '/a/zz' }],
    ['an index beyond the end', { op: 'add', path: '/a/b/9', value: 1 }],
    ['an index with zeros', { op: 'replace', path: '/a/b/01', value: 1 }],
    ['a parent that is missing', { op: 'add', path: '/n/m', value: 1 }],
    ['a failed test', { op: 'test', path: '/a/b/0', value: 2 }],
    ['an unknown operation', { op: 'merge', path: '/a' }],
    ['no path', { op: 'add', value: 1 }],
    ['the prototype', { op: 'add', path: '/__proto__/polluted', value: 1 }],
  ]
  for (const [name, operation] of bad) {
    test(`refuses ${name}`, () => {
      const result = applyJsonPatch(document, [operation])
      assert.deepEqual([result.ok, !result.ok && result.code], [false, 422])
    })
  }

  test('refuses what is no list, too many operations and growth by copies', () => {
    const codeOf = (result: PatchResult) => (result.ok ? 200 : result.code)
    assert.equal(codeOf(applyJsonPatch({}, { op: 'add' })), 400)
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: {} }))
    assert.equal(codeOf(applyJsonPatch({}, many)), 413)
    const doubling = Array.from({ length: 60 }, (_, index) => ({ op: 'copy', from: '', path: `/k${index}` }))
    assert.equal(codeOf(applyJsonPatch({ text: 'x'.repeat(1000) }, doubling)), 422)
  })
})

describe('merge patch', () => {
  // The examples of RFC 7386.
  const examples: readonly (readonly [unknown, unknown, unknown])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [target, patch, wanted] of examples) {
    test(`${JSON.stringify(target)} + ${JSON.stringify(patch)}`, () => {
      assert.deepEqual(taken(applyMergePatch(target, patch)), wanted)
    })
  }
})

describe('strategic merge patch', () => {
  const pod = {
    metadata: { finalizers: ['a/x', 'a/y'] },
    spec: {
      containers: [
        { name: 'a', image: '1', env: [{ name: 'X', value: '1' }], ports: [{ containerPort: 80, protocol: 'TCP' }] },
        { name: 'b', image: '1', args: ['x', 'y'] },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
      tolerations: [{ key: 'a' }],
    },
  }
  const patched = (patch: object): typeof pod => taken(applyStrategicPatch(pod, patch, podSchema)) as typeof pod

  test('merges lists by key and replaces the others', () => {
    const { spec } = patched({
      spec: {
        containers: [
          { name: 'a', image: '2', env: [{ name: 'Y', value: '2' }] },
          { name: 'b', args: ['z'] },
        ],
        tolerations: [{ key: 'b' }],
      },
    })
    const byName = new Map(spec.containers.map((container) => [container.name, container]))
    assert.equal(byName.get('a')?.image, '2')
    assert.deepEqual(
      byName
        .get('a')
        ?.env?.map(({ name }) => name)
        .sort(),
      ['X', 'Y'],
    )
    assert.deepEqual(byName.get('b')?.args, ['z'])
    assert.deepEqual(spec.tolerations, [{ key: 'b' }])
  })

  test('$patch: delete takes an item out, $patch: replace the whole list', () => {
    const deleted = patched({ spec: { containers: [{ name: 'a', $patch: 'delete' }] } })
    assert.deepEqual(
      deleted.spec.containers.map(({ name }) => name),
      ['b'],
    )
    const replaced = patched({ spec: { containers: [{ $patch: 'replace' }, { name: 'c', image: '3' }] } })
    assert.deepEqual(replaced.spec.containers, [{ name: 'c', image: '3' }])
  })

  test('$patch: replace and delete on an object', () => {
    const replaced = patched({ spec: { $patch: 'replace', containers: [] } })
    assert.deepEqual(replaced.spec, { containers: [] })
    assert.deepEqual(patched({ spec: { $patch: 'delete' } }).spec ?? {}, {})
  })

  test('$deleteFromPrimitiveList and lists of texts that merge', () => {
    const { metadata } = patched({ metadata: { '$deleteFromPrimitiveList/finalizers': ['a/x'], finalizers: ['a/z'] } })
    assert.deepEqual(metadata.finalizers.toSorted(), ['a/y', 'a/z'])
  })

  test('$setElementOrder puts the items in the order of the writer', () => {
    const { spec } = patched({
      spec: {
        '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }],
        containers: [{ name: 'c', image: '3' }],
      },
    })
    assert.deepEqual(
      spec.containers.map(({ name }) => name),
      ['c', 'b', 'a'],
    )
  })

  test('$retainKeys clears what the new strategy has no use for', () => {
    const deployment = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } }
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }
    assert.deepEqual(taken(applyStrategicPatch(deployment, patch, deploymentSchema)), {
      spec: { strategy: { type: 'Recreate' } },
    })
  })

  test('refuses items without their merge key', () => {
    const result = applyStrategicPatch(pod, { spec: { containers: [{ image: '2' }] } }, podSchema)
    assert.equal(result.ok, false)
    assert.match(result.ok ? '' : result.message, /merge key/)
  })
})
