import type { KubeObject } from '@millrace/kube'
import { changeStored } from './change-stored.ts'
import type { Platform } from './platform.ts'

export interface EventExpiry {
  close(): void
}

interface Event extends KubeObject {
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly series?: { readonly lastObservedTime?: string | null } | null
}

const bucket = 'events'
const sweepPeriodMs = 60_000
/** kube-apiserver's default of --event-ttl. */
const lifetimeMs = 3_600_000

/** Removes Events an hour after they last happened: without it they would pile up for ever. */
export function expireEvents(platform: Platform): EventExpiry {
  let running: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    running = running
      .then(() => sweep(platform))
      .catch((error: unknown) => {
        if (!platform.closing.aborted) platform.log.warn('old events could not be removed', { error: String(error) })
      })
  }, sweepPeriodMs)
  timer.unref()
  return { close: () => clearInterval(timer) }
}

/** One look at all events. */
export async function sweep(platform: Pick<Platform, 'store' | 'now'>): Promise<void> {
  const limit = platform.now().getTime() - lifetimeMs
  const isOld = (event: Event): boolean => lastSeenMs(event) < limit
  for (const { key, value } of platform.store.list(bucket).entries) {
    if (!isOld(JSON.parse(value) as Event)) continue
    await changeStored(platform, bucket, key, (object) => (isOld(object as Event) ? 'remove' : undefined))
  }
}

function lastSeenMs({ metadata, lastTimestamp, eventTime, series }: Event): number {
  const times = [metadata.creationTimestamp, lastTimestamp, eventTime, series?.lastObservedTime]
  return Math.max(...times.map((time) => Date.parse(time ?? '') || 0))
}
