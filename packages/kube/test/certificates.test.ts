import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import test from 'node:test'
import { connect, createServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import {
  type CertificateRequest,
  certificateProblem,
  createAuthority,
  issueCertificate,
  type KeyPair,
} from '../src/index.ts'

const day = 86_400_000
const now = Date.now()
const authority = createAuthority({ commonName: 'Test Authority', now, validForMs: 365 * day })
const request: CertificateRequest = {
  commonName: 'server',
  dnsNames: ['localhost', '*.svc.cluster.local'],
  ipAddresses: ['127.0.0.1', '::1', '2001:db8::ff00:42:8329'],
  usage: 'server',
  now,
  validForMs: 90 * day,
}
const serving = issueCertificate(authority, request)

async function handshake(
  server: KeyPair,
  options: { ca: string; servername?: string; client?: KeyPair },
): Promise<string> {
  const listener = createServer(
    {
      cert: server.certificate,
      key: server.key,
      ...(options.client && { requestCert: true, rejectUnauthorized: true, ca: authority.certificate }),
    },
    (socket) => {
      const name = (socket.getPeerCertificate() as { subject?: { CN?: string; O?: string } }).subject
      socket.end(`hello ${name?.CN ?? 'nobody'} ${name?.O ?? ''}`)
    },
  )
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  try {
    return await new Promise((resolve, reject) => {
      const { port } = listener.address() as AddressInfo
      const socket = connect({
        port,
        host: '127.0.0.1',
        ca: options.ca,
        ...(options.servername && { servername: options.servername }),
        ...(options.client && { cert: options.client.certificate, key: options.client.key }),
      })
      socket.on('data', (data) => resolve(String(data)))
      socket.on('error', reject)
    })
  } finally {
    listener.close()
  }
}

test('a TLS client that trusts the authority trusts the certificate, by address and by name', async () => {
  assert.equal(await handshake(serving, { ca: authority.certificate }), 'hello nobody ')
  await handshake(serving, { ca: authority.certificate, servername: 'localhost' })
  await handshake(serving, { ca: authority.certificate, servername: 'a.svc.cluster.local' })
})

test('another name, another authority, or a certificate for clients is not trusted', async () => {
  await assert.rejects(handshake(serving, { ca: authority.certificate, servername: 'example.com' }), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  })
  const other = createAuthority({ commonName: 'Test Authority', now, validForMs: day })
  await assert.rejects(handshake(serving, { ca: other.certificate }))
  const clientOnly = issueCertificate(authority, { ...request, usage: 'client' })
  await assert.rejects(handshake(clientOnly, { ca: authority.certificate }), { code: 'INVALID_PURPOSE' })
})

test('a client certificate names its user and group', async () => {
  const client = issueCertificate(authority, {
    commonName: 'admin',
    organizations: ['system:masters'],
    usage: 'client',
    now,
    validForMs: day,
  })
  assert.equal(await handshake(serving, { ca: authority.certificate, client }), 'hello admin system:masters')
})

test('says why a certificate should be made anew, and nothing while it is good', () => {
  const wanted = {
    now,
    authority: authority.certificate,
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1', '::1', '2001:db8::ff00:42:8329'],
  }
  assert.equal(certificateProblem(serving, wanted), undefined)
  assert.equal(certificateProblem(serving, { now: now + 59 * day }), undefined)
  assert.equal(certificateProblem(serving, { now: now + 61 * day }), 'it expires soon')
  assert.equal(certificateProblem(serving, { now: now + 91 * day }), 'it has expired')
  assert.equal(certificateProblem(serving, { now: now - day }), 'it is not valid yet')
  assert.equal(certificateProblem(serving, { now, dnsNames: ['other'] }), 'it is not for other')
  assert.equal(certificateProblem(serving, { now, ipAddresses: ['10.0.0.1'] }), 'it is not for 10.0.0.1')
  const other = createAuthority({ commonName: 'Test Authority', now, validForMs: day })
  assert.equal(certificateProblem(serving, { now, authority: other.certificate }), 'it was signed by another authority')
  assert.equal(certificateProblem(serving, { now, authority: 'garbage' }), 'it was signed by another authority')
  assert.equal(certificateProblem({ certificate: 'garbage', key: '' }, { now }), 'it is not a certificate')
  for (const key of ['garbage', other.key])
    assert.match(certificateProblem({ ...serving, key }, { now }) ?? '', /^its key is missing/)
})

test('a certificate never outlives its authority, and dates beyond 2049 are written right', () => {
  const short = createAuthority({ commonName: 'short', now, validForMs: 10 * day })
  const end = new X509Certificate(short.certificate).validToDate.getTime()
  assert.equal(new X509Certificate(issueCertificate(short, request).certificate).validToDate.getTime(), end)
  const long = createAuthority({ commonName: 'long', now: Date.UTC(2049, 11, 1), validForMs: 400 * day })
  assert.equal(new X509Certificate(long.certificate).validToDate.getUTCFullYear(), 2051)
})

test('every serial number is another, and positive', () => {
  const serials = new Set(
    Array.from(
      { length: 50 },
      () => new X509Certificate(issueCertificate(authority, request).certificate).serialNumber,
    ),
  )
  assert.equal(serials.size, 50)
  for (const serial of serials) assert.match(serial, /^[4-7]/)
})
