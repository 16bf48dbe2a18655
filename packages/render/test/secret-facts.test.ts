import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '@millrace/kube'
import { render, secretFacts } from '../src/index.ts'
import { casesOf, profiles } from './golden/cases.ts'
import { controllerNamespace, startCluster } from './golden/memory-cluster.ts'
import { installed } from './golden/replay.ts'

const sentinel = 'do-not-copy-me'

/** Every value that is a credential becomes the sentinel; what names a place stays. */
function poisoned(secret: KubeObject): KubeObject {
  const values = Object.entries(Object(secret['stringData']) as Record<string, string>)
  const stringData = Object.fromEntries(
    values.map(([key, value]) => {
      if (['https-host', 'AWS_CA_BUNDLE', 'AWS_CA_BUNDLE_CONFIGMAP'].includes(key)) return [key, value]
      if (!value.startsWith('{"')) return [key, sentinel]
      const { type, bucket } = JSON.parse(value) as Record<string, string>
      return [key, JSON.stringify({ type, bucket, secret_access_key: sentinel })]
    }),
  )
  return { ...secret, stringData }
}

test('copies no value of a Secret into anything', () => {
  let secrets = 0
  for (const found of ['knative', 'standard-ingress', 'knative-custom'].flatMap(casesOf)) {
    const own = found.input.filter(({ kind }) => kind === 'Secret').map(poisoned)
    const profile = profiles.profiles[found.profile]
    if (own.length === 0 || !profile) continue
    const cluster = startCluster(found, profile, installed)
    const inNamespace = (object: KubeObject) => ({
      ...object,
      metadata: { ...object.metadata, namespace: found.namespace },
    })
    const objects = [...cluster.objects, ...found.input.filter(({ kind }) => kind !== 'Secret').map(inNamespace)]
    const facts = own.map(inNamespace).map(secretFacts)
    assert.ok(!JSON.stringify(facts).includes(sentinel), found.case)
    for (const service of objects.filter(({ kind }) => kind === 'InferenceService')) {
      const result = render({
        ...cluster,
        service,
        world: { objects, secrets: facts },
        children: [],
        controllerNamespace,
      })
      assert.ok(!JSON.stringify(result).includes(sentinel), found.case)
      secrets += 1
    }
  }
  assert.ok(secrets > 10, 'the cases have Secrets')
})

test('reads base64 data as it reads stringData', () => {
  const metadata = { name: 's', namespace: 'n' }
  const plain = secretFacts({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    stringData: { default: '{"type":"s3","bucket":"b","key":"k"}' },
  })
  const coded = secretFacts({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    data: { default: btoa('{"type":"s3","bucket":"b","key":"k"}') },
  })
  assert.deepEqual(coded, plain)
  assert.deepEqual(plain.json, { default: { type: 's3', bucket: 'b' } })
})
