import { isDeepStrictEqual } from 'node:util'
import {
  backoffMs,
  type Client,
  type Clock,
  isKubeError,
  type Log,
  resources,
  sleep,
  withoutManagedFields,
} from '@millrace/kube'
import type { Pod, PodStatus } from './pod.ts'

/**
 * Writes one pod's status: only when it differs from what the API has, changes of a few milliseconds together, one
 * write at a time, and on top of what others have written in the meantime.
 */
export interface PodStatusWriter {
  /** The newest object that is known. */
  readonly pod: Pod
  /** The API has shown a newer object. */
  observe(pod: Pod): void
  /** Something changed; it is written soon. */
  request(): void
  /** Resolves when everything requested so far is written, the pod is gone, or `stop` was called. */
  flush(): Promise<void>
  stop(): void
}

export interface StatusWriterContext {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly batchMs: number
  /** The status to write, given the newest object. Pure. */
  readonly compute: (pod: Pod) => PodStatus
  readonly onWritten: (pod: Pod) => void
}

const retryWait = { firstMs: 100, maxMs: 5000, random: Math.random }

export function createPodStatusWriter(first: Pod, context: StatusWriterContext): PodStatusWriter {
  const { client, clock, log } = context
  const stopped = new AbortController()
  let pod = first
  let isGone = false
  let isRequested = false
  let running: Promise<void> | undefined

  async function writeOnce(): Promise<void> {
    const status = withOthersFields(pod.status, context.compute(pod))
    if (isSame(pod.status, status)) return
    const options = { subresource: 'status', signal: stopped.signal }
    pod = withoutManagedFields(await client.replace<Pod>(resources.pods, { ...pod, status }, options))
    context.onWritten(pod)
  }

  async function readAgain(): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    const fresh = await client.get<Pod>(
      resources.pods,
      { ...(namespace !== undefined && { namespace }), name: name ?? '' },
      { signal: stopped.signal },
    )
    if (fresh.metadata.uid === uid) pod = fresh
    else isGone = true
  }

  async function attempt(): Promise<boolean> {
    try {
      await writeOnce()
      return true
    } catch (error) {
      if (isKubeError(error, 'NotFound')) isGone = true
      else if (isKubeError(error, 'Conflict')) await readAgain().catch(noteMissing)
      else if (!stopped.signal.aborted) {
        log.warn('Could not write the status of a pod', { pod: pod.metadata.name, error: String(error) })
      }
      return isGone
    }
  }

  function noteMissing(error: unknown): void {
    if (isKubeError(error, 'NotFound')) isGone = true
  }

  async function run(): Promise<void> {
    let failures = 0
    await sleep(clock, context.batchMs, stopped.signal)
    while (isRequested && !isGone && !stopped.signal.aborted) {
      isRequested = false
      if (await attempt()) {
        failures = 0
        continue
      }
      isRequested = true
      failures += 1
      // A conflict is tried again at once: the newest object has been read.
      if (failures > 1) await sleep(clock, backoffMs(failures - 1, retryWait), stopped.signal)
    }
  }

  function request(): void {
    isRequested = true
    if (running || isGone || stopped.signal.aborted) return
    running = run().finally(() => {
      running = undefined
      if (isRequested) request()
    })
  }

  return {
    get pod() {
      return pod
    },
    observe(next) {
      const isOwnWrite = next.metadata.resourceVersion === pod.metadata.resourceVersion
      pod = next
      if (!isOwnWrite) request()
    },
    request,
    async flush() {
      while (running) await running
    },
    stop() {
      stopped.abort()
    },
  }
}

/** Fields that are not ours stay; ours that no longer hold go. */
function withOthersFields(previous: PodStatus = {}, status: PodStatus): PodStatus {
  const { reason: _reason, message: _message, podIP: _podIP, podIPs: _podIPs, ...others } = previous
  return { ...others, ...status }
}

/** A server may leave out what is null, so that makes no difference. */
function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(withoutNulls(a), withoutNulls(b))
}

function withoutNulls(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? {}, (_key, inner: unknown) => (inner === null ? undefined : inner)))
}
