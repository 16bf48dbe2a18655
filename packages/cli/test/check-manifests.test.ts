import assert from 'node:assert/strict'
import test from 'node:test'
import { parseConfig } from '@millrace/api'
import { checkManifests, tellNewWarnings } from '../src/check-manifests.ts'
import { parseManifests } from '../src/manifest-files.ts'

const ofRequests = `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: iris}
spec:
  predictor:
    scaleMetric: rps
    model: {modelFormat: {name: sklearn}, storageUri: "gs://models/iris"}
`
const configMap = (mode: string) => `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: inferenceservice-config, namespace: kserve}
data: {deploy: '{"defaultDeploymentMode": "${mode}"}'}
`
const warned = (text: string, mode?: string) =>
  checkManifests(
    parseManifests('a.yaml', text).manifests,
    mode === undefined ? undefined : parseConfig({ deploy: `{"defaultDeploymentMode": "${mode}"}` }).config,
  ).warnings.length

test('what the mode ignores depends on the default mode: of the files, else of the cluster, else as shipped', () => {
  assert.equal(warned(ofRequests), 1)
  assert.equal(warned(ofRequests, 'Knative'), 0)
  assert.equal(warned(ofRequests + configMap('Knative')), 0)
  assert.equal(warned(ofRequests + configMap('Standard'), 'Knative'), 1)
})

test('a warning of the server that was told with its place in the file is not told twice', () => {
  const { warnings } = checkManifests(parseManifests('a.yaml', ofRequests).manifests)
  const told: string[] = []
  const tell = tellNewWarnings(warnings, (text) => told.push(text))
  const known = warnings[0]?.finding
  assert.ok(known)
  tell(`${known.path}: ${known.message}`)
  tell('Service "b" does not exist.')
  assert.deepEqual(told, ['Warning: Service "b" does not exist.'])
})

test('a kind of ours in a group that is mistyped is refused, and a kind of others is left to the server', () => {
  const mistyped = ofRequests.replace('serving.kserve.io', 'serving.kserv.io')
  const { errors, checked } = checkManifests(parseManifests('a.yaml', mistyped).manifests)
  assert.deepEqual([checked, errors.length, errors[0]?.position.line], [1, 1, 2])
  assert.match(errors[0]?.message ?? '', /did you mean serving\.kserve\.io\?/)
  const others = mistyped.replace('kind: InferenceService', 'kind: Service')
  assert.deepEqual(checkManifests(parseManifests('a.yaml', others).manifests).checked, 0)
})
