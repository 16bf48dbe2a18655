import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '@millrace/kube'
import { profiles } from './golden/cases.ts'
import { converge, create, startCluster } from './golden/memory-cluster.ts'
import { installed } from './golden/replay.ts'

const model = { modelFormat: { name: 'sklearn' }, storageUri: 's3://models/v1' }
const transformer = { containers: [{ name: 'kserve-container', image: 'transform:1' }] }
const local = { 'networking.kserve.io/visibility': 'cluster-local' }

/** What is said of the shares of a service's canary. */
function said(profile: string, labels: Record<string, string>, components: object): readonly string[] {
  const found = profiles.profiles[profile]
  assert.ok(found)
  const test = { case: '', topic: '', profile, namespace: 'ns', configOverrides: {}, input: [] }
  const cluster = startCluster(test, found, installed)
  const canary = [{ trafficPercent: 20, predictor: { name: 'next', model } }]
  const service = {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { name: 'iris', labels },
    spec: { predictor: { model }, canary, ...components },
  } as KubeObject
  assert.deepEqual(create(cluster, service), { ok: true })
  converge(cluster)
  const decisions = cluster.results.get('InferenceService/iris')?.decisions ?? []
  return decisions.filter(({ path }) => path === 'spec.canary').map(({ message }) => message)
}

test('says why a canary gets no requests where nothing can split them', () => {
  const rows = [
    ['standard-ingress', {}, {}, /an Ingress cannot split requests/],
    ['standard-no-ingress', {}, {}, /disableIngressCreation/],
    ['standard-gateway', local, {}, /only the cluster reaches/],
    ['standard-gateway', {}, { transformer }, /the transformer sends all requests to the predictor/],
  ] as const
  for (const [profile, labels, components, expected] of rows) {
    assert.match(said(profile, labels, components).join(), expected, profile)
  }
})

test('says nothing where HTTPRoutes give a canary its share', () => {
  assert.deepEqual(said('standard-gateway', {}, {}), [])
})
