import assert from 'node:assert/strict'
import { cpSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  eventually,
  millrace,
  type PlatformProcess,
  removeDirectory,
  root,
  startUp,
  temporaryDirectory,
} from './platform-process.ts'

let platform: PlatformProcess
let work: string

before(async () => {
  work = temporaryDirectory('bad')
  platform = await startUp({ files: ['examples/sklearn-iris.yaml'] })
})

after(async () => {
  await platform.stop()
  removeDirectory(platform.dataDir)
  removeDirectory(work)
})

const service = (name: string, format: string, uri: string): string => `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: ${name} }
spec:
  predictor:
    model:
      modelFormat: { name: ${format} }
      storageUri: ${uri}
`

const apply = (text: string) => millrace(['apply', '-f', '-', '--kubeconfig', platform.kubeconfig], { input: text })

for (const [what, text, pattern] of [
  ['malformed YAML, by file and line', 'apiVersion: v1\nkind: [\n', /<stdin>:3:1: /],
  [
    'an unknown field, by path and near name',
    service('a', 'sklearn', 'file://x').replace('storageUri', 'storageUrl'),
    /<stdin>:8:7: .*spec\.predictor\.model\.storageUrl.*did you mean "storageUri"/,
  ],
  [
    'an unknown kind',
    'apiVersion: serving.kserve.io/v1beta1\nkind: InferenceServise\nmetadata: {name: a}\n',
    /did you mean InferenceService/,
  ],
  [
    'two forms of predictor',
    `${service('a', 'sklearn', 'file://x')}    xgboost: { storageUri: file://y }\n`,
    /(sklearn|model).*xgboost|xgboost.*model|only one/,
  ],
  [
    'a minimum above the maximum',
    service('a', 'sklearn', 'file://x').replace('predictor:', 'predictor:\n    minReplicas: 3\n    maxReplicas: 2'),
    /minReplicas/,
  ],
  [
    'an unknown type of object',
    'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n',
    /does not serve Thing of example\.com\/v1/,
  ],
] as const) {
  test(`${what}, is refused before anything is sent`, async () => {
    const done = await apply(text)
    assert.equal(done.code, 1, done.stdout)
    assert.match(done.stderr, pattern)
    assert.doesNotMatch(done.stderr, /\n\s+at /)
  })
}

interface Trouble {
  readonly name: string
  readonly format: string
  readonly uri: () => string
  readonly says: RegExp
}

const troubles: readonly Trouble[] = [
  { name: 'no-runtime', format: 'cobol', uri: () => 'file://examples/models/sklearn-iris', says: /cobol/ },
  { name: 'no-file', format: 'sklearn', uri: () => `file://${join(work, 'nothing-here')}`, says: /nothing-here/ },
  {
    name: 'empty-folder',
    format: 'xgboost',
    uri: () => {
      mkdirSync(join(work, 'empty'), { recursive: true })
      return `file://${join(work, 'empty')}`
    },
    says: /empty holds no files/,
  },
  {
    name: 'corrupt',
    format: 'onnx',
    uri: () => {
      mkdirSync(join(work, 'corrupt'), { recursive: true })
      writeFileSync(join(work, 'corrupt', 'model.onnx'), 'this is no model')
      return `file://${join(work, 'corrupt')}`
    },
    says: /model\.onnx/,
  },
  {
    name: 'hostile',
    format: 'sklearn',
    uri: () => {
      mkdirSync(join(work, 'hostile'), { recursive: true })
      // What a pickle that runs a command when it is loaded looks like; here it must not run.
      writeFileSync(join(work, 'hostile', 'model.pkl'), `cos\nsystem\n(S'touch ${join(work, 'pwned')}'\ntR.`)
      return `file://${join(work, 'hostile')}`
    },
    says: /os\.system/,
  },
  { name: 'no-host', format: 'sklearn', uri: () => 'http://models.invalid/model.joblib', says: /models\.invalid/ },
  { name: 'later-scheme', format: 'sklearn', uri: () => 's3://bucket/model', says: /s3/ },
]

for (const { name, format, uri, says } of troubles) {
  test(`${name}: the status and explain say why, in one sentence`, { timeout: 90_000 }, async () => {
    const applied = await apply(service(name, format, uri()))
    assert.equal(applied.code, 0, applied.stderr)
    let cause = ''
    await eventually(
      async () => {
        const explained = await platform.run('explain', name)
        cause = /^Cause: (.*)$/m.exec(explained.stdout)?.[1] ?? ''
        return says.test(cause)
      },
      `explain ${name} says ${says}`,
      45_000,
    ).catch((error: Error) => assert.fail(`${error.message}; it says: ${cause}`))
    const got = JSON.parse((await platform.run('get', 'isvc', name, '-o', 'json')).stdout)
    const ready = got.status.conditions.find((condition: { type: string }) => condition.type === 'Ready')
    assert.equal(ready.status, 'False')
    assert.match(JSON.stringify(got.status), says)
    const deleted = await platform.run('delete', 'isvc', name)
    assert.equal(deleted.code, 0, deleted.stderr)
  })
}

test('nothing in a hostile model ran', () => {
  assert.equal(statSync(join(work, 'pwned'), { throwIfNoEntry: false }), undefined)
})

test('a model comes over http and from a claim, and a claim is served by its own name', {
  timeout: 90_000,
}, async () => {
  const { readFileSync } = await import('node:fs')
  const server = createServer((request, response) => {
    if (request.url === '/iris/model.joblib')
      response.end(readFileSync(join(root, 'examples/models/sklearn-iris/model.joblib')))
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const folder = join(work, 'claim', 'iris')
  mkdirSync(folder, { recursive: true })
  cpSync(join(root, 'examples/models/sklearn-iris/model.joblib'), join(folder, 'model.joblib'))
  const claim = `apiVersion: v1
kind: PersistentVolume
metadata: { name: models }
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteOnce]
  hostPath: { path: ${join(work, 'claim')} }
  claimRef: { namespace: default, name: models }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: models }
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  volumeName: models
  resources: { requests: { storage: 1Gi } }
---
`
  const applied = await apply(
    `${claim}${service('by-claim', 'sklearn', 'pvc://models/iris')}---\n${service('by-http', 'sklearn', `http://127.0.0.1:${port}/iris/model.joblib`)}`,
  )
  assert.equal(applied.code, 0, applied.stderr)
  for (const name of ['by-claim', 'by-http']) {
    let last = ''
    await eventually(
      async () => {
        const asked = await platform.run('predict', name, '-d', '@examples/sklearn-iris-input.json')
        last = asked.stdout + asked.stderr
        return asked.code === 0 && last.includes('predictions')
      },
      `${name} answers`,
      30_000,
    ).catch(async (error: Error) =>
      assert.fail(`${error.message}: ${last}\n${(await platform.run('explain', name)).stdout}`),
    )
  }
  server.close()
})

test('a body that is too large, or no JSON, or of the wrong type, gets a sentence', async () => {
  for (const [data, pattern] of [
    ['{"instances": [["a","b","c","d"]]}', /HTTP 400/],
    ['{"instances": {}}', /HTTP 400/],
    ['{"nothing": 1}', /HTTP 400.*instances/],
  ] as const) {
    const asked = await platform.run('predict', 'sklearn-iris', '-d', data)
    assert.equal(asked.code, 1)
    assert.match(asked.stderr, pattern)
  }
  const { request } = await import('undici')
  const answer = await request(`${platform.gatewayUrl}/v1/models/sklearn-iris:predict`, {
    method: 'POST',
    headers: { host: 'sklearn-iris-default.example.com', 'content-type': 'application/json' },
    body: Buffer.alloc(101 * 1024 * 1024, '1'),
  })
  assert.equal(answer.statusCode, 413)
  assert.match(await answer.body.text(), /larger than 104857600 bytes; send fewer instances/)
})

test('kubeconfig, keys and state are readable by their owner only, and foreign hosts and origins are refused', async () => {
  for (const file of ['kubeconfig', 'pki/authority.key', 'pki/server.key', 'pki/admin-token', 'pki/kubelet-token']) {
    assert.equal(statSync(join(platform.dataDir, file)).mode & 0o077, 0, file)
  }
  assert.equal(statSync(platform.dataDir).mode & 0o077, 0)
  const { Agent, request } = await import('undici')
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  const status = async (headers: Record<string, string>): Promise<number> => {
    const answer = await request(`${platform.apiUrl}/api/v1/secrets`, { dispatcher, headers })
    await answer.body.dump()
    return answer.statusCode
  }
  const { readFileSync } = await import('node:fs')
  const authorization = `Bearer ${readFileSync(join(platform.dataDir, 'pki/admin-token'), 'utf8')}`
  assert.equal(await status({}), 401)
  assert.equal(await status({ authorization: 'Bearer wrong' }), 401)
  assert.equal(await status({ authorization }), 200)
  assert.equal(await status({ authorization, host: 'evil.example' }), 403)
  assert.equal(await status({ authorization, origin: 'https://evil.example' }), 403)
  await dispatcher.close()
})
