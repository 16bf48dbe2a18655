import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { isIP } from 'node:net'
import {
  bitString,
  boolean,
  childrenOf,
  contextTag,
  integer,
  objectId,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts'

/** A certificate with its key, both PEM. Keys are ECDSA on P-256. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

export interface CertificateRequest {
  readonly commonName: string
  /** In a client certificate Kubernetes reads these as the user's groups. */
  readonly organizations?: readonly string[]
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  readonly usage: 'server' | 'client'
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly validForMs: number
}

/** Clocks differ: a certificate is good from a little before it was made. */
const backdateMs = 5 * 60_000

/** A self-signed authority that may sign end certificates and nothing else. */
export function createAuthority(options: {
  readonly commonName: string
  readonly now: number
  readonly validForMs: number
}): KeyPair {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = distinguishedName(options.commonName, [])
  const keyId = keyIdentifier(keys.publicKey)
  return signCertificate({
    subject,
    issuer: subject,
    publicKey: keys.publicKey,
    privateKey: keys.privateKey,
    signingKey: keys.privateKey,
    ...validity(options.now, options.validForMs),
    extensions: [
      extension(oid.basicConstraints, true, sequence(boolean(true), integer(0))),
      extension(oid.keyUsage, true, bitString(Buffer.from([0b0000_0110]), 1)), // keyCertSign, cRLSign
      extension(oid.subjectKeyIdentifier, false, octetString(keyId)),
    ],
  })
}

/** A serving or client certificate signed by the authority. It never outlives its authority. */
export function issueCertificate(authority: KeyPair, request: CertificateRequest): KeyPair {
  const issuer = new X509Certificate(authority.certificate)
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const names = [
    ...(request.dnsNames ?? []).map((name) => contextTag(2, Buffer.from(name, 'ascii'))),
    ...(request.ipAddresses ?? []).map((address) => contextTag(7, addressBytes(address))),
  ]
  const { notBefore, notAfter } = validity(request.now, request.validForMs)
  return signCertificate({
    subject: distinguishedName(request.commonName, request.organizations ?? []),
    issuer: rawSubject(issuer),
    publicKey: keys.publicKey,
    privateKey: keys.privateKey,
    signingKey: authority.key,
    notBefore,
    notAfter: Math.min(notAfter, issuer.validToDate.getTime()),
    extensions: [
      extension(oid.basicConstraints, true, sequence()),
      extension(oid.keyUsage, true, bitString(Buffer.from([0b1000_0000]), 7)), // digitalSignature
      extension(
        oid.extendedKeyUsage,
        false,
        sequence(objectId(request.usage === 'server' ? oid.serverAuth : oid.clientAuth)),
      ),
      extension(oid.subjectKeyIdentifier, false, octetString(keyIdentifier(keys.publicKey))),
      extension(oid.authorityKeyIdentifier, false, sequence(contextTag(0, keyIdentifier(issuer.publicKey)))),
      ...(names.length === 0 ? [] : [extension(oid.subjectAltName, false, sequence(...names))]),
    ],
  })
}

/**
 * Why a certificate should be made anew: undefined while it is good. Renewed when a third of its life is left, so that
 * a machine that sleeps for a week still wakes with a good one.
 */
export function certificateProblem(
  pair: KeyPair,
  wanted: {
    readonly now: number
    readonly authority?: string
    readonly dnsNames?: readonly string[]
    readonly ipAddresses?: readonly string[]
  },
): string | undefined {
  const certificate = parseCertificate(pair.certificate)
  if (!certificate) return 'it is not a certificate'
  if (!isKeyOf(certificate, pair.key)) return 'its key is missing, or that of another'
  const from = certificate.validFromDate.getTime()
  const to = certificate.validToDate.getTime()
  if (wanted.now < from) return 'it is not valid yet'
  if (wanted.now >= to) return 'it has expired'
  if (to - wanted.now < (to - from) / 3) return 'it expires soon'
  if (wanted.authority !== undefined && !isSignedBy(certificate, wanted.authority))
    return 'it was signed by another authority'
  const missingName = wanted.dnsNames?.find((name) => certificate.checkHost(name, { subject: 'never' }) === undefined)
  if (missingName !== undefined) return `it is not for ${missingName}`
  const missingAddress = wanted.ipAddresses?.find((address) => certificate.checkIP(address) === undefined)
  if (missingAddress !== undefined) return `it is not for ${missingAddress}`
  return undefined
}

interface ToBeSigned {
  readonly subject: Buffer
  readonly issuer: Buffer
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  readonly signingKey: KeyObject | string
  readonly notBefore: number
  readonly notAfter: number
  readonly extensions: readonly Buffer[]
}

/** RFC 5280, section 4.1. */
function signCertificate(fields: ToBeSigned): KeyPair {
  const algorithm = sequence(objectId(oid.ecdsaWithSha256))
  const toBeSigned = sequence(
    contextTag(0, integer(2), 'constructed'), // v3
    integer(serialNumber()),
    algorithm,
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    fields.publicKey.export({ type: 'spki', format: 'der' }),
    contextTag(3, sequence(...fields.extensions), 'constructed'),
  )
  const signature = sign('sha256', toBeSigned, fields.signingKey)
  const certificate = sequence(toBeSigned, algorithm, bitString(signature, 0))
  return {
    certificate: pem('CERTIFICATE', certificate),
    key: String(fields.privateKey.export({ type: 'pkcs8', format: 'pem' })),
  }
}

const oid = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
}

function distinguishedName(commonName: string, organizations: readonly string[]): Buffer {
  const part = (type: string, text: string) => set(sequence(objectId(type), utf8String(text)))
  return sequence(...organizations.map((name) => part(oid.organization, name)), part(oid.commonName, commonName))
}

/** The subject as the authority wrote it: an issuer must be the same bytes. */
function rawSubject(certificate: X509Certificate): Buffer {
  const [toBeSigned] = childrenOf(certificate.raw)
  const fields = toBeSigned ? childrenOf(toBeSigned) : []
  const subject = fields[fields[0]?.[0] === 0xa0 ? 5 : 4] // the version is left out of v1 certificates
  if (!subject) throw new RangeError('DER: a certificate without a subject')
  return subject
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return critical
    ? sequence(objectId(id), boolean(true), octetString(value))
    : sequence(objectId(id), octetString(value))
}

function validity(now: number, validForMs: number): { readonly notBefore: number; readonly notAfter: number } {
  return { notBefore: now - backdateMs, notAfter: now + validForMs }
}

/** RFC 5280, section 4.2.1.2 (1): SHA-1 of the public key's bits. A name, not a safeguard. */
function keyIdentifier(key: KeyObject): Buffer {
  const spki = key.export({ type: 'spki', format: 'der' })
  return createHash('sha1').update(spki.subarray(-65)).digest()
}

function isSignedBy(certificate: X509Certificate, authority: string): boolean {
  const issuer = parseCertificate(authority)
  return issuer !== undefined && certificate.verify(issuer.publicKey)
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

function isKeyOf(certificate: X509Certificate, pem: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(pem))
  } catch {
    return false
  }
}

function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40 // positive, and never a leading zero
  return bytes
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  if (isIP(address) !== 6) throw new TypeError(`not an IP address: ${address}`)
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = plain.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const [front, back] = [groups(head), groups(tail ?? '')]
  const all = [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back]
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
