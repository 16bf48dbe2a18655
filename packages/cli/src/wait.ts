import {
  type Client,
  isKubeError,
  type KubeObject,
  type ObjectName,
  type Resource,
  sleep,
  systemClock,
} from '@millrace/kube'
import { CommandError } from './command-error.ts'

export interface WaitOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

const firstPauseMs = 50
const longestPauseMs = 1000

/** Polls, faster at first, until `look` answers with a value. The message tells what was waited for. */
export async function waitFor<T>(
  look: () => Promise<T | undefined>,
  options: WaitOptions & { readonly what: string },
): Promise<T> {
  const deadline = systemClock.now() + options.timeoutMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
    const found = await look()
    if (found !== undefined) return found
    if (options.signal.aborted) throw new CommandError('Interrupted.', 130)
    if (systemClock.now() >= deadline)
      throw new CommandError(`Gave up after ${Math.round(options.timeoutMs / 1000)} s: ${options.what}.`)
    await sleep(systemClock, pauseMs, options.signal)
  }
}

export async function waitUntilGone(
  client: Client,
  resource: Resource,
  place: ObjectName,
  options: WaitOptions,
): Promise<void> {
  const what = `${resource.kind} ${place.name} is still there; its finalizers have to be worked off first`
  await waitFor(async () => ((await find(client, resource, place)) ? undefined : true), { ...options, what })
}

/** The object, or undefined where there is none. */
export async function find(client: Client, resource: Resource, place: ObjectName): Promise<KubeObject | undefined> {
  try {
    return await client.get(resource, place)
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined
    throw error
  }
}
