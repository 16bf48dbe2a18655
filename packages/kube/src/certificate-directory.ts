import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyPair } from './certificates.ts'
import { type Clock, systemClock } from './clock.ts'
import { KubeError } from './errors.ts'
import { type Log, silentLog } from './log.ts'

const lookEveryMs = 10_000

/** Reads `tls.crt` and `tls.key`, as a mounted TLS Secret has them. Rejects when they are absent or don't belong together. */
export async function readCertificate(directory: string): Promise<KeyPair> {
  try {
    const [certificate, key] = await Promise.all([
      readFile(join(directory, 'tls.crt'), 'utf8'),
      readFile(join(directory, 'tls.key'), 'utf8'),
    ])
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      throw new Error('tls.key is not the key of tls.crt')
    return { certificate, key }
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw new KubeError({ code: 'BadCredentials', message: `No usable certificate in ${directory}: ${detail}`, cause })
  }
}

/**
 * Calls back whenever the pair has changed. It looks rather than listens: a mounted Secret is swapped by links, of which
 * file system events tell different things on every system. A half-written pair is passed over until it is whole.
 */
export function watchCertificate(
  directory: string,
  current: KeyPair,
  changed: (pair: KeyPair) => void,
  options: {
    readonly clock?: Clock
    readonly log?: Log
    /** Told of each look. */
    readonly onRead?: (isUsable: boolean) => void
  } = {},
): { close(): void } {
  const { clock = systemClock, log = silentLog, onRead } = options
  let known = current
  let cancel: () => void = () => {}
  let closed = false
  const look = async () => {
    try {
      const pair = await readCertificate(directory)
      onRead?.(true)
      if (!closed && (pair.certificate !== known.certificate || pair.key !== known.key)) {
        known = pair
        log.info('The certificate has changed', { directory })
        changed(pair)
      }
    } catch (error) {
      onRead?.(false)
      log.warn('The certificate cannot be read; the last one is kept', { directory, error: String(error) })
    }
    if (!closed) arm()
  }
  const arm = () => {
    cancel = clock.setTimeout(() => void look(), lookEveryMs)
  }
  arm()
  return {
    close: () => {
      closed = true
      cancel()
    },
  }
}
