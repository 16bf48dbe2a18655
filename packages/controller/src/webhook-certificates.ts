import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import {
  backoffMs,
  certificateProblem,
  type Client,
  type Clock,
  createAuthority,
  isKubeError,
  issueCertificate,
  type KeyPair,
  type KubeObject,
  type Log,
  readCertificate,
  resources,
  startInformer,
  watchCertificate,
} from '@millrace/kube'
import type { WebhookOptions } from './webhook-options.ts'

export interface ServedCertificate {
  readonly pair: KeyPair
  /** PEM; undefined: somebody else tells the API server whom to trust (cert-manager's injector). */
  readonly authority: string | undefined
}

export interface Certificates {
  /** Undefined: the Secret that replicas share was not read yet. */
  current(): ServedCertificate | undefined
  /** At most one listener. */
  onChange(listener: () => void): void
  close(): Promise<void>
}

interface Tools {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  /** Told of each look at a certificate in a folder. */
  readonly onRead: (isUsable: boolean) => void
}

const dayMs = 86_400_000
const authorityDays = 3650
const certificateDays = 365
const renewalLookMs = 6 * 3_600_000
const retryWait = { firstMs: 500, maxMs: 60_000 }
export const certificateSecretName = 'millrace-webhook-certificate'
const attemptsMax = 5

/**
 * From a folder (cert-manager's, an administrator's); else our own: in memory on one machine, in a shared Secret in a cluster,
 * which comes when the API server answers. Rejects when there is no certificate in the folder.
 */
export async function obtainCertificates(client: Client, options: WebhookOptions, tools: Tools): Promise<Certificates> {
  if (options.certDir !== undefined) return fromDirectory(options.certDir, tools)
  if (options.mode === 'url') {
    const make = () => ownCertificate(options, tools.clock)
    return renewed(make(), make, options, tools)
  }
  const make = (signal: AbortSignal) => fromSecret(client, options, tools.clock, signal)
  const certificates = renewed(undefined, make, options, tools)
  certificates.look()
  const fieldSelector = `metadata.name=${certificateSecretName}`
  const secret = startInformer(client, resources.secrets, {
    namespace: options.service.namespace,
    fieldSelector,
    ...tools,
  })
  // Another of us has renewed it, or somebody has rotated or deleted it: all serve what is there now.
  secret.onChange(() => certificates.look())
  return {
    ...certificates,
    close: async () => {
      await certificates.close()
      await secret.stop()
    },
  }
}

async function fromDirectory(directory: string, tools: Tools): Promise<Certificates> {
  const read = async (pair: KeyPair): Promise<ServedCertificate> => ({
    pair,
    authority: await readFile(join(directory, 'ca.crt'), 'utf8').catch(() => undefined),
  })
  let current = await read(await readCertificate(directory))
  tools.onRead(true)
  let listener: () => void = () => {}
  const watch = watchCertificate(
    directory,
    current.pair,
    (pair) =>
      void read(pair).then((next) => {
        current = next
        listener()
      }),
    tools,
  )
  return { current: () => current, onChange: (given) => (listener = given), close: async () => watch.close() }
}

function renewed(
  first: ServedCertificate | undefined,
  make: (signal: AbortSignal) => ServedCertificate | Promise<ServedCertificate>,
  options: WebhookOptions,
  { clock, random, log }: Tools,
): Certificates & { look(): void } {
  let current = first
  let listener: () => void = () => {}
  let cancel: () => void = () => {}
  /** One look after the other: each may write. */
  let looking: Promise<void> = Promise.resolve()
  let failures = 0
  const ended = new AbortController()
  const look = async () => {
    cancel()
    if (ended.signal.aborted) return
    try {
      const problem = current && certificateProblem(current.pair, { now: clock.now(), ...namesOf(options) })
      const isDue = problem !== undefined || options.mode === 'service'
      const next = current && !isDue ? current : await make(ended.signal)
      failures = 0
      if (next.pair.certificate !== current?.pair.certificate) {
        if (current)
          log.info('The certificate of the webhook was renewed', problem === undefined ? {} : { because: problem })
        current = next
        listener()
      }
    } catch (error) {
      if (!isKubeError(error)) throw error
      if (ended.signal.aborted) return
      failures += 1
      log.warn(
        current
          ? 'The certificate of the webhook could not be renewed'
          : 'The webhook waits for its certificate, which is in a Secret',
        { error: error.message },
      )
    }
    arm()
  }
  const lookNext = () => void (looking = looking.then(look))
  const arm = () => {
    const waitMs = failures === 0 ? renewalLookMs : backoffMs(failures, { ...retryWait, random })
    if (!ended.signal.aborted) cancel = clock.setTimeout(lookNext, waitMs)
  }
  arm()
  return {
    current: () => current,
    onChange: (given) => (listener = given),
    look: lookNext,
    close: async () => {
      ended.abort()
      cancel()
      await looking
    },
  }
}

function ownCertificate(options: WebhookOptions, clock: Clock): ServedCertificate {
  const now = clock.now()
  const authority = createAuthority({ commonName: 'millrace webhook', now, validForMs: authorityDays * dayMs })
  return { pair: issue(authority, options, now), authority: authority.certificate }
}

function issue(authority: KeyPair, options: WebhookOptions, now: number): KeyPair {
  return issueCertificate(authority, {
    commonName: 'millrace-webhook',
    ...namesOf(options),
    usage: 'server',
    now,
    validForMs: certificateDays * dayMs,
  })
}

function namesOf(options: WebhookOptions): {
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
} {
  if (options.mode === 'url') {
    return isIP(options.host) === 0
      ? { dnsNames: [options.host], ipAddresses: [] }
      : { dnsNames: [], ipAddresses: [options.host] }
  }
  const { name, namespace } = options.service
  return { dnsNames: [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`], ipAddresses: [] }
}

/** All replicas serve the same certificate: who comes first makes it, the others read it. */
async function fromSecret(
  client: Client,
  options: WebhookOptions & { readonly mode: 'service' },
  clock: Clock,
  signal: AbortSignal,
): Promise<ServedCertificate> {
  const name = { namespace: options.service.namespace, name: certificateSecretName }
  for (let attempt = 1; ; attempt++) {
    const secret = await client.get(resources.secrets, name, { signal }).catch((error: unknown) => {
      if (isKubeError(error, 'NotFound')) return undefined
      throw error
    })
    const found = secret && certificateIn(secret)
    if (
      found &&
      certificateProblem(found.pair, { now: clock.now(), authority: found.authority, ...namesOf(options) }) ===
        undefined
    )
      return found
    try {
      const made = trustedAfter(ownCertificate(options, clock), found?.authority)
      const fresh = secretOf(name, made)
      if (secret) await client.replace(resources.secrets, { ...fresh, metadata: { ...secret.metadata } }, { signal })
      else await client.create(resources.secrets, fresh, { signal })
      return made
    } catch (error) {
      // Another of us was faster.
      const isRace = isKubeError(error, 'AlreadyExists') || isKubeError(error, 'Conflict')
      if (!isRace || attempt >= attemptsMax) throw error
    }
  }
}

/** Until all replicas serve the new certificate, those that still serve the old one are trusted too. */
function trustedAfter(made: ServedCertificate, before: string | undefined): ServedCertificate {
  const [last = ''] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/.exec(before ?? '') ?? []
  return isCertificate(last) ? { ...made, authority: `${made.authority}${last}` } : made
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca
  } catch {
    return false
  }
}

function secretOf(name: { namespace: string; name: string }, { pair, authority }: ServedCertificate): KubeObject {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const data = { 'tls.crt': base64(pair.certificate), 'tls.key': base64(pair.key), 'ca.crt': base64(authority ?? '') }
  return { apiVersion: 'v1', kind: 'Secret', metadata: name, type: 'kubernetes.io/tls', data }
}

function certificateIn(secret: KubeObject): { readonly pair: KeyPair; readonly authority: string } | undefined {
  const data = Object(secret['data']) as Record<string, unknown>
  const text = (key: string) => (typeof data[key] === 'string' ? Buffer.from(data[key], 'base64').toString('utf8') : '')
  const [certificate, key, authority] = [text('tls.crt'), text('tls.key'), text('ca.crt')]
  return certificate && key && authority ? { pair: { certificate, key }, authority } : undefined
}
