import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { certificateProblem, createAuthority, issueCertificate, type KeyPair } from '@millrace/kube'
import { type DataDirectory, writePrivateFile } from '../data-directory.ts'

const dayMs = 24 * 3600 * 1000
const authorityValidMs = 3650 * dayMs
const certificateValidMs = 365 * dayMs

export interface ServingKeys {
  readonly authority: string
  readonly server: KeyPair
}

/** The platform's own authority, kept in the data directory, and a serving certificate that is good now; either is made anew when it is not. */
export function keepServingKeys(directory: DataDirectory, address: string, nowMs: number): ServingKeys {
  const authority = keepPair(
    directory,
    'authority',
    (pair) => certificateProblem(pair, { now: nowMs }),
    () => createAuthority({ commonName: 'millrace', now: nowMs, validForMs: authorityValidMs }),
  )
  const names = {
    dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
    ipAddresses: [...new Set(['127.0.0.1', address])],
  }
  const server = keepPair(
    directory,
    'server',
    (pair) => certificateProblem(pair, { now: nowMs, authority: authority.certificate, ...names }),
    () =>
      issueCertificate(authority, {
        commonName: 'millrace-apiserver',
        ...names,
        usage: 'server',
        now: nowMs,
        validForMs: certificateValidMs,
      }),
  )
  return { authority: authority.certificate, server }
}

function keepPair(
  directory: DataDirectory,
  name: string,
  problemOf: (pair: KeyPair) => string | undefined,
  make: () => KeyPair,
): KeyPair {
  const files = { certificate: join(directory.pki, `${name}.crt`), key: join(directory.pki, `${name}.key`) }
  if (existsSync(files.certificate) && existsSync(files.key)) {
    const kept = { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') }
    if (problemOf(kept) === undefined) return kept
  }
  const made = make()
  writePrivateFile(files.key, made.key)
  writePrivateFile(files.certificate, made.certificate)
  return made
}
