import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as send } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { createVirtualClock } from '@millrace/testkit'
import {
  type AdmissionHandler,
  createAuthority,
  issueCertificate,
  readCertificate,
  startAdmissionServer,
  watchCertificate,
} from '../src/index.ts'

const now = Date.now()
const authority = createAuthority({ commonName: 'ca', now, validForMs: 1e9 })
const issue = (commonName: string) =>
  issueCertificate(authority, { commonName, ipAddresses: ['127.0.0.1'], usage: 'server', now, validForMs: 1e9 })

async function serve(t: TestContext, handlers: Readonly<Record<string, AdmissionHandler>>) {
  const server = await startAdmissionServer({ certificate: issue('first'), handlers })
  t.after(() => server.close())
  const post = (path: string, body: string, method = 'POST') =>
    new Promise<{ status: number; body: Record<string, unknown>; certificate: string }>((resolve, reject) => {
      const outgoing = send(
        { port: server.port, host: '127.0.0.1', path, method, ca: authority.certificate, agent: false },
        (response) => {
          const certificate = (response.socket as TLSSocket).getPeerCertificate().subject.CN
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              body: JSON.parse(String(Buffer.concat(chunks))),
              certificate: String(certificate),
            }),
          )
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  return { server, post }
}

const review = (object: unknown, more = {}) =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u1', operation: 'CREATE', object, ...more },
  })

test('allows with warnings and a patch, refuses with a message', async (t) => {
  const { post } = await serve(t, {
    '/mutate': {
      type: 'admission',
      admit: (request) => ({
        allowed: true,
        warnings: [`seen ${request.object?.metadata.name}`],
        patch: [{ op: 'add', path: '/x', value: 1 }],
      }),
    },
    '/validate': {
      type: 'admission',
      admit: async () => ({ allowed: false, message: 'spec.x: no', code: 422, reason: 'Invalid' }),
    },
  })
  const mutated = await post('/mutate', review({ metadata: { name: 'web' } }))
  assert.deepEqual(mutated.body, {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: 'u1',
      allowed: true,
      warnings: ['seen web'],
      patchType: 'JSONPatch',
      patch: Buffer.from('[{"op":"add","path":"/x","value":1}]').toString('base64'),
    },
  })
  const refused = await post('/validate', review({}))
  assert.deepEqual(refused.body['response'], {
    uid: 'u1',
    allowed: false,
    status: { message: 'spec.x: no', code: 422, reason: 'Invalid' },
  })
})

test('converts, and answers a failed conversion as one', async (t) => {
  const { post } = await serve(t, {
    '/convert': {
      type: 'conversion',
      convert: (object, apiVersion) => {
        if (object.kind === 'Bad') throw new Error('cannot be told in v1')
        return { ...object, apiVersion }
      },
    },
  })
  const ask = (objects: unknown[]) =>
    post(
      '/convert',
      JSON.stringify({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'ConversionReview',
        request: { uid: 'c1', desiredAPIVersion: 'x/v1', objects },
      }),
    )
  const good = await ask([{ apiVersion: 'x/v1beta1', kind: 'Good', metadata: {} }])
  assert.deepEqual(good.body['response'], {
    uid: 'c1',
    convertedObjects: [{ apiVersion: 'x/v1', kind: 'Good', metadata: {} }],
    result: { status: 'Success' },
  })
  const bad = await ask([{ apiVersion: 'x/v1beta1', kind: 'Bad', metadata: {} }])
  assert.deepEqual(bad.body['response'], { uid: 'c1', result: { status: 'Failed', message: 'cannot be told in v1' } })
})

test('what is no review is refused, and a handler that throws tells its reason only to the log', async (t) => {
  const { post } = await serve(t, {
    '/validate': {
      type: 'admission',
      admit: () => {
        throw new Error('a secret detail')
      },
    },
  })
  assert.equal((await post('/nowhere', '{}')).status, 404)
  assert.equal((await post('/toString', '{}')).status, 404)
  assert.equal((await post('/validate', '', 'GET')).status, 405)
  assert.equal((await post('/validate', '{"kind":')).status, 400)
  assert.equal(
    (await post('/validate', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}')).status,
    400,
  )
  const failed = await post('/validate', review({}))
  assert.equal(failed.status, 500)
  assert.ok(!JSON.stringify(failed.body).includes('secret'))
  assert.equal((await post('/validate', 'x'.repeat(9 * 1024 * 1024)).catch(() => ({ status: 413 }))).status, 413)
})

test('a new certificate is served without a pause', async (t) => {
  const { server, post } = await serve(t, { '/ok': { type: 'admission', admit: () => ({ allowed: true }) } })
  assert.equal((await post('/ok', review({}))).certificate, 'first')
  server.setCertificate(issue('second'))
  assert.equal((await post('/ok', review({}))).certificate, 'second')
})

test('a directory is looked at again; half a pair is passed over', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'certificates-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const put = async (pair: { certificate?: string; key?: string }) => {
    if (pair.certificate) await writeFile(join(directory, 'tls.crt'), pair.certificate)
    if (pair.key) await writeFile(join(directory, 'tls.key'), pair.key)
  }
  await assert.rejects(readCertificate(directory), { code: 'BadCredentials', message: /No usable certificate in / })
  const [one, two] = [issue('one'), issue('two')]
  await put(one)
  const clock = createVirtualClock()
  const changes: string[] = []
  const reads: boolean[] = []
  const look = async () => {
    await clock.advance(10_000)
    for (let turn = 0; turn < 200 && clock.pending === 0; turn++) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const watch = watchCertificate(
    directory,
    await readCertificate(directory),
    (pair) => changes.push(pair.certificate),
    { clock, onRead: (isUsable) => reads.push(isUsable) },
  )
  await look()
  await put({ certificate: two.certificate })
  await look()
  assert.deepEqual(changes, [])
  await put({ key: two.key })
  await look()
  assert.deepEqual(changes, [two.certificate])
  assert.deepEqual(reads, [true, false, true])
  watch.close()
  assert.equal(clock.pending, 0)
})
