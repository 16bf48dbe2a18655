import type { Client, Clock } from '@millrace/kube'
import type { Pod } from './pod.ts'

/** Tokens of service accounts, for `projected.serviceAccountToken` volumes. */
export interface TokenSource {
  /** A token that is good for a while yet; undefined when the API server gives none. */
  request(
    pod: Pod,
    wanted: { readonly audience?: string; readonly expirationSeconds?: number },
  ): Promise<string | undefined>
  forget(pod: Pod): void
}

interface HeldToken {
  readonly token: string
  readonly renewAt: number
}

/** Kubernetes asks kubelets to renew when 80 % of a token's life are over. */
const usedShare = 0.8

export function createTokenSource(client: Client, clock: Clock, signal: AbortSignal): TokenSource {
  const held = new Map<string, Map<string, HeldToken>>()

  async function fetchToken(
    pod: Pod,
    audience: string | undefined,
    expirationSeconds: number,
  ): Promise<HeldToken | undefined> {
    const { namespace = 'default', name, uid } = pod.metadata
    const account = pod.spec.serviceAccountName ?? 'default'
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        ...(audience !== undefined && { audiences: [audience] }),
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    }
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}/token`
    const answer = await client.request('POST', path, { body, signal })
    const status = (answer.body as { status?: { token?: unknown; expirationTimestamp?: unknown } } | undefined)?.status
    if (answer.status >= 300 || typeof status?.token !== 'string') return undefined
    const expires = Date.parse(String(status.expirationTimestamp))
    const lifeMs = Number.isNaN(expires) ? expirationSeconds * 1000 : expires - clock.now()
    return { token: status.token, renewAt: clock.now() + lifeMs * usedShare }
  }

  return {
    async request(pod, { audience, expirationSeconds = 3600 }) {
      const uid = pod.metadata.uid ?? ''
      const tokens = held.get(uid) ?? new Map<string, HeldToken>()
      held.set(uid, tokens)
      const key = `${audience ?? ''}/${expirationSeconds}`
      const known = tokens.get(key)
      if (known && known.renewAt > clock.now()) return known.token
      const fresh = await fetchToken(pod, audience, expirationSeconds)
      if (fresh) tokens.set(key, fresh)
      return fresh?.token
    },
    forget(pod) {
      held.delete(pod.metadata.uid ?? '')
    },
  }
}
