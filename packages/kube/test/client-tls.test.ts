import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import {
  type Connection,
  createAuthority,
  createClient,
  fixedConnection,
  issueCertificate,
  resources,
} from '../src/index.ts'

const now = Date.now()
const authority = createAuthority({ commonName: 'ca', now, validForMs: 1e9 })
const serving = issueCertificate(authority, {
  commonName: 's',
  dnsNames: ['kubernetes.default'],
  ipAddresses: ['127.0.0.1'],
  usage: 'server',
  now,
  validForMs: 1e9,
})
const user = (commonName: string) => issueCertificate(authority, { commonName, usage: 'client', now, validForMs: 1e9 })

/** An API server that answers with the name of its caller. */
async function serve(
  t: TestContext,
  options: ServerOptions = {},
): Promise<{ readonly port: number; readonly connections: () => number }> {
  let connections = 0
  const server = createServer({ cert: serving.certificate, key: serving.key, ...options }, (request, response) => {
    const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: String(name) } }))
  })
  server.on('secureConnection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, connections: () => connections }
}

async function callerName(t: TestContext, connection: Connection): Promise<string | undefined> {
  const client = createClient(connection, { attemptsMax: 1 })
  t.after(() => client.close())
  return (await client.get(resources.pods, { namespace: 'default', name: 'x' })).metadata.name
}

const wantsCertificate: ServerOptions = { requestCert: true, rejectUnauthorized: true, ca: authority.certificate }

test('a client certificate says who we are, and a new one is used from the next call on', async (t) => {
  const { port } = await serve(t, wantsCertificate)
  let current = user('first')
  const connection: Connection = {
    ...fixedConnection({ server: `https://127.0.0.1:${port}`, certificateAuthority: authority.certificate }),
    credentials: async () => current,
  }
  const client = createClient(connection)
  t.after(() => client.close())
  const name = async () => (await client.get(resources.pods, { namespace: 'default', name: 'x' })).metadata.name
  assert.equal(await name(), 'first')
  current = user('second')
  assert.deepEqual(await Promise.all([name(), name()]), ['second', 'second'])
})

test('connections are kept and used again', async (t) => {
  const { port, connections } = await serve(t)
  const client = createClient(
    fixedConnection({ server: `https://127.0.0.1:${port}`, certificateAuthority: authority.certificate }),
    { connectionsMax: 2 },
  )
  t.after(() => client.close())
  for (let round = 0; round < 20; round++) await client.get(resources.pods, { namespace: 'default', name: 'x' })
  assert.ok(connections() <= 2, `${connections()} connections`)
})

test("a certificate that is not trusted, or is another's, is refused with what to check; the name may be given", async (t) => {
  const { port } = await serve(t)
  const server = `https://127.0.0.1:${port}`
  await assert.rejects(callerName(t, fixedConnection({ server })), {
    code: 'Untrusted',
    message: /check certificate-authority/,
    retryable: false,
  })
  const trusted = fixedConnection({ server, certificateAuthority: authority.certificate })
  await assert.rejects(callerName(t, { ...trusted, tlsServerName: 'elsewhere' }), { code: 'Untrusted' })
  assert.equal(await callerName(t, { ...trusted, tlsServerName: 'kubernetes.default' }), 'undefined')
  assert.equal(await callerName(t, { ...fixedConnection({ server }), insecureSkipTlsVerify: true }), 'undefined')
})

test('goes through the proxy that the kubeconfig names, and speaks TLS to the server itself', async (t) => {
  const { port } = await serve(t, wantsCertificate)
  const targets: string[] = []
  const sockets = new Set<Socket>()
  const proxy = createHttpServer()
  proxy.on('connect', (request, client: Socket) => {
    targets.push(request.url ?? '')
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => {}))
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  const me = user('through')
  const connection: Connection = {
    ...fixedConnection({
      server: 'https://kubernetes.default:6443',
      certificateAuthority: authority.certificate,
      ...me,
    }),
    proxyUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  }
  assert.equal(await callerName(t, connection), 'through')
  assert.deepEqual(targets, ['kubernetes.default:6443'])
})
