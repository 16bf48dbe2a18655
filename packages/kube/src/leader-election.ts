import type { Client } from './client.ts'
import { type Clock, sleep, systemClock } from './clock.ts'
import { isKubeError, KubeError } from './errors.ts'
import { resources } from './known-resources.ts'
import { heldSpec, isHeldByOther, type Lease, releasedSpec } from './lease-record.ts'
import { type Log, silentLog } from './log.ts'

export interface LeaderElectionOptions {
  readonly client: Client
  /** The Lease that is fought for. */
  readonly namespace: string
  readonly name: string
  /** Ours alone: host name and a random part. */
  readonly identity: string
  /**
   * Called when we lead; what it gives is called, and awaited, when we don't any longer, before anybody else may begin.
   * The signal aborts at the very moment when leading ends.
   */
  readonly lead: (signal: AbortSignal) => Promise<() => Promise<void>>
  readonly leaseDurationMs?: number
  readonly renewDeadlineMs?: number
  readonly retryPeriodMs?: number
  readonly clock?: Clock
  readonly random?: () => number
  readonly log?: Log
}

export interface LeaderElection {
  readonly isLeader: boolean
  /** Who holds the lease, as far as we have seen. */
  readonly holder: string | undefined
  /** Stops leading, gives the lease back so that the next one need not wait for its end, and stops to contend. */
  close(): Promise<void>
}

/** client-go's defaults. */
const defaults = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 }

/**
 * Contends for a Lease for ever: wins, leads, may lose, contends again; the process never ends for it.
 */
export function startLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { client, namespace, name, identity, clock = systemClock, random = Math.random, log = silentLog } = options
  const leaseDurationMs = options.leaseDurationMs ?? defaults.leaseDurationMs
  const renewDeadlineMs = options.renewDeadlineMs ?? defaults.renewDeadlineMs
  const retryPeriodMs = options.retryPeriodMs ?? defaults.retryPeriodMs
  const abort = new AbortController()
  let observed: { readonly lease: Lease; readonly at: number } | undefined
  let leading: { readonly abort: AbortController; readonly stop: Promise<() => Promise<void>> } | undefined
  let isEnding = false
  let renewedAt = 0
  /** Told once, however long it lasts. */
  let isInTrouble = false

  const observe = (lease: Lease) => {
    if (observed?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion)
      observed = { lease, at: clock.elapsed() }
  }

  /** One look at the lease and, when it is ours or free, one write. Rejects when the API server does. */
  const tryHold = async (signal: AbortSignal): Promise<boolean> => {
    const hold = (lease: Lease): Lease => ({
      ...lease,
      spec: heldSpec(lease.spec, identity, clock.now(), leaseDurationMs),
    })
    const current = await readLease(client, { namespace, name }, signal)
    if (!current) {
      const fresh: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name } }
      observe(await client.create<Lease>(resources.leases, hold(fresh), { signal }))
      return true
    }
    observe(current)
    if (isHeldByOther(current.spec, identity, clock.elapsed() - (observed?.at ?? 0))) return false
    observe(await client.replace<Lease>(resources.leases, hold(current), { signal }))
    return true
  }

  const beginLeading = () => {
    log.info('Leading', { lease: `${namespace}/${name}`, identity })
    const leadAbort = new AbortController()
    leading = { abort: leadAbort, stop: options.lead(leadAbort.signal) }
    // A start that fails must not go unheard: it surfaces where leading ends, and here.
    leading.stop.catch((error: unknown) => log.error('Leading could not begin', { error: String(error) }))
  }

  const endLeading = async (why: string) => {
    const ending = leading
    if (!ending) return
    leading = undefined
    log.info('Not leading any longer', { lease: `${namespace}/${name}`, identity, why })
    ending.abort.abort()
    isEnding = true
    try {
      const stop = await ending.stop.catch(() => undefined)
      await stop?.()
    } finally {
      isEnding = false
    }
  }

  const release = async () => {
    const lease = observed?.lease
    if (!lease || lease.spec?.holderIdentity !== identity) return
    await client.replace<Lease>(resources.leases, { ...lease, spec: releasedSpec(lease.spec, clock.now()) })
  }

  const round = async (): Promise<void> => {
    const attempt = new AbortController()
    const cancel = clock.setTimeout(() => attempt.abort(), renewDeadlineMs)
    const startedAt = clock.elapsed()
    try {
      const holds = await tryHold(AbortSignal.any([abort.signal, attempt.signal]))
      if (holds) renewedAt = startedAt
      if (isInTrouble) log.info('The lease can be read and written again', { lease: `${namespace}/${name}` })
      isInTrouble = false
      if (holds && !leading && !isEnding && !abort.signal.aborted) beginLeading()
      if (!holds && leading) await endLeading('somebody else holds the lease')
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      const isOvertaken = isKubeError(error, 'Conflict') || isKubeError(error, 'AlreadyExists')
      if (!abort.signal.aborted && !isOvertaken && !isInTrouble) {
        isInTrouble = true
        log.warn('The lease could not be read or written', { lease: `${namespace}/${name}`, error: error.message })
      }
    } finally {
      cancel()
    }
  }

  // Must end before others may think that the lease is over, even while a call hangs: so it has a timer of its own.
  let cancelDeadline: () => void = () => {}
  const armDeadline = () => {
    cancelDeadline()
    const leftMs = Math.max(0, renewedAt + renewDeadlineMs - clock.elapsed())
    cancelDeadline = clock.setTimeout(() => {
      // A timer may fire a fraction of a millisecond early.
      if (clock.elapsed() - renewedAt < renewDeadlineMs) armDeadline()
      else void endLeading('the lease could not be renewed in time')
    }, leftMs)
  }

  const run = async () => {
    while (!abort.signal.aborted) {
      await round()
      if (leading) armDeadline()
      const waitMs = leading ? retryPeriodMs : retryPeriodMs * (1 + 0.2 * random())
      await sleep(clock, waitMs, abort.signal)
    }
  }
  const done = run()

  return {
    get isLeader() {
      return leading !== undefined
    },
    get holder() {
      return observed?.lease.spec?.holderIdentity || undefined
    },
    close: async () => {
      abort.abort()
      cancelDeadline()
      await done
      await endLeading('closing')
      try {
        await release()
      } catch (error) {
        if (!(error instanceof KubeError)) throw error
        log.warn('The lease was not given back; the next leader waits for its end', { error: error.message })
      }
    },
  }
}

async function readLease(
  client: Client,
  name: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<Lease | undefined> {
  try {
    return await client.get<Lease>(resources.leases, name, { signal })
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined
    throw error
  }
}
