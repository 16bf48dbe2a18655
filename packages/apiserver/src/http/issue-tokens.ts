import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { User } from './authenticate.ts'

/** What a service account token says. */
export interface TokenClaims {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly audiences: readonly string[]
  readonly expiresAtMs: number
}

/**
 * Service account tokens: JWTs signed with HS256 and a key of this data directory. Only this server can check them, so
 * they are worth nothing elsewhere.
 */
export interface TokenIssuer {
  issue(claims: TokenClaims): string
  /** Undefined for anything but a token of this issuer that has not expired. */
  verify(token: string): TokenClaims | undefined
}

const keyBytes = 32
const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')
export const tokenIssuerName = 'https://kubernetes.default.svc.cluster.local'

export function createTokenIssuer(directory: string, nowMs: () => number): TokenIssuer {
  const key = loadKey(join(directory, 'service-account.key'))
  const sign = (text: string): Buffer => createHmac('sha256', key).update(text).digest()
  return {
    issue: ({ namespace, name, uid, audiences, expiresAtMs }) => {
      const payload = {
        iss: tokenIssuerName,
        sub: `system:serviceaccount:${namespace}:${name}`,
        aud: audiences,
        iat: Math.floor(nowMs() / 1000),
        exp: Math.floor(expiresAtMs / 1000),
        'kubernetes.io': { namespace, serviceaccount: { name, uid } },
      }
      const text = `${header}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`
      return `${text}.${sign(text).toString('base64url')}`
    },
    verify: (token) => {
      const at = token.lastIndexOf('.')
      const text = token.slice(0, Math.max(at, 0))
      const given = Buffer.from(token.slice(at + 1), 'base64url')
      const expected = sign(text)
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
      return claimsOf(text.slice(header.length + 1), nowMs())
    },
  }
}

function claimsOf(payload: string, nowMs: number): TokenClaims | undefined {
  const { exp, aud, 'kubernetes.io': place } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  if (typeof exp !== 'number' || exp * 1000 <= nowMs) return undefined
  const { name, uid } = place.serviceaccount
  return { namespace: place.namespace, name, uid, audiences: aud, expiresAtMs: exp * 1000 }
}

export function serviceAccountUser({ namespace, name, uid }: TokenClaims): User {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
  return { username: `system:serviceaccount:${namespace}:${name}`, uid, groups }
}

function loadKey(path: string): Buffer {
  try {
    const key = readFileSync(path)
    if (key.length === keyBytes) return key
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const key = randomBytes(keyBytes)
  writeFileSync(path, key, { mode: 0o600 })
  chmodSync(path, 0o600)
  return key
}
