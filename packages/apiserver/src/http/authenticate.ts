import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { unauthorized } from './api-error.ts'

/** Who makes a request, as authentication.k8s.io's UserInfo. */
export interface User {
  readonly username: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** A bearer token and whom it stands for. */
export interface TokenIdentity {
  readonly token: string
  readonly username: string
  readonly groups: readonly string[]
  readonly uid?: string
}

export interface Authenticator {
  /** Whom a token stands for. */
  userOf(token: string): User | undefined
  /** Throws 401: there are no anonymous users. */
  authenticate(request: IncomingMessage): User
}

const bearer = /^Bearer +([^ ]+)$/i
export const authenticatedGroup = 'system:authenticated'

/**
 * Static tokens, then `verify` for issued ones. Static tokens are kept and looked up as digests, so a comparison leaks
 * nothing about a token and a memory dump does not hold them.
 */
export function createAuthenticator(
  identities: readonly TokenIdentity[],
  verify: (token: string) => User | undefined,
): Authenticator {
  const byDigest = new Map<string, User>()
  for (const { token, username, groups, uid } of identities) {
    byDigest.set(digest(token), { username, uid: uid ?? '', groups: [...new Set([...groups, authenticatedGroup])] })
  }
  const userOf = (token: string): User | undefined => byDigest.get(digest(token)) ?? verify(token)
  return {
    userOf,
    authenticate: (request) => {
      const token = bearer.exec(request.headers.authorization ?? '')?.[1]
      const user = token === undefined ? undefined : userOf(token)
      if (!user) throw unauthorized()
      return user
    },
  }
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
