import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from 'undici'
import { eventually, millrace, type PlatformProcess, root } from './platform-process.ts'

export interface Expected {
  readonly predictions?: unknown
  readonly outputs?: readonly { readonly name: string; readonly data: readonly number[] }[]
}

export const examples = ['sklearn-iris', 'xgboost-iris', 'lightgbm-wine', 'onnx-digits']

export async function ask(platform: PlatformProcess, name: string): Promise<Expected> {
  const file = join(root, 'examples', `${name}-input.json`)
  const body = readFileSync(file, 'utf8')
  const path = body.includes('"datatype"') ? `/v2/models/${name}/infer` : `/v1/models/${name}:predict`
  const answer = await request(`${platform.gatewayUrl}${path}`, {
    method: 'POST',
    headers: { host: `${name}-default.example.com`, 'content-type': 'application/json' },
    body,
  })
  const text = await answer.body.text()
  assert.equal(answer.statusCode, 200, text)
  return JSON.parse(text)
}

function assertClose(actual: unknown, expected: unknown, path: string): void {
  if (typeof expected === 'number' && typeof actual === 'number') {
    assert.ok(
      Math.abs(actual - expected) <= 1e-5 * Math.max(1, Math.abs(expected)),
      `${path}: ${actual} is not ${expected}`,
    )
    return
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    assert.equal(actual.length, expected.length, path)
    for (const [index, item] of expected.entries()) assertClose(actual[index], item, `${path}[${index}]`)
    return
  }
  assert.deepEqual(actual, expected, path)
}

const oldForm = `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: old-form }
spec:
  predictor:
    xgboost: { storageUri: file://examples/models/xgboost-iris }
`

/** Whichever API server the services are on. */
export function testAnswers(platform: () => PlatformProcess): void {
  for (const name of examples) {
    test(`${name} answers through the gateway what its training library answered`, async () => {
      const expected: Expected = JSON.parse(
        readFileSync(join(root, 'examples', 'training', 'expected', `${name}.json`), 'utf8'),
      )
      const actual = await ask(platform(), name)
      if (expected.predictions !== undefined) assertClose(actual.predictions, expected.predictions, 'predictions')
      else
        for (const output of expected.outputs ?? [])
          assertClose(actual.outputs?.find((each) => each.name === output.name)?.data, output.data, output.name)
    })
  }
}

/** Kubernetes' garbage collector looks every half minute whether there are new kinds. */
const gcMsMax = 75_000

export function testDeletion(platform: () => PlatformProcess): void {
  test('a service of the old per-framework form is served too, and is gone after delete', async () => {
    const applied = await millrace(['apply', '-f', '-', '--kubeconfig', platform().kubeconfig], { input: oldForm })
    assert.equal(applied.code, 0, applied.stderr)
    assert.match(applied.stdout, /inferenceservice\.serving\.kserve\.io\/old-form created/)
    const again = await millrace(['apply', '-f', '-', '--kubeconfig', platform().kubeconfig], { input: oldForm })
    assert.match(again.stdout, /old-form unchanged/)
    await eventually(
      async () => (await platform().run('get', 'isvc', 'old-form', '-o', 'json')).stdout.includes('"type": "Ready"'),
      'old-form has a status',
    )
    await eventually(async () => {
      const asked = await platform().run('predict', 'old-form', '-d', '@examples/xgboost-iris-input.json')
      return asked.code === 0 && asked.stdout.includes('predictions')
    }, 'old-form answers')
    const deleted = await platform().run('delete', 'isvc', 'old-form')
    assert.equal(deleted.code, 0, deleted.stderr)
    await eventually(
      async () =>
        !(await platform().run('get', 'pods,deployments,services,ingresses,hpa', '-o', 'json')).stdout.includes(
          'old-form',
        ),
      'nothing of old-form is left',
      gcMsMax,
    )
  })
}
