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

/**
 * Writes one pod's status: only when it differs from what the API has, changes of a few milliseconds together, one
 * write at a time, and on top of what others have written in the meantime.
 */
export class PodStatusWriter {
  readonly #context: StatusWriterContext
  readonly #stopped = new AbortController()
  #pod: Pod
  #isGone = false
  #isRequested = false
  #running: Promise<void> | undefined

  constructor(pod: Pod, context: StatusWriterContext) {
    this.#pod = pod
    this.#context = context
  }

  /** The newest object that is known. */
  get pod(): Pod {
    return this.#pod
  }

  /** The API has shown a newer object. What others changed in our part of the status is set right. */
  observe(next: Pod): void {
    const isOwnWrite = next.metadata.resourceVersion === this.#pod.metadata.resourceVersion
    this.#pod = next
    if (!isOwnWrite) this.request()
  }

  /** Something changed; it is written soon. */
  request(): void {
    this.#isRequested = true
    if (this.#running || this.#isGone || this.#stopped.signal.aborted) return
    this.#running = this.#run().finally(() => {
      this.#running = undefined
      if (this.#isRequested) this.request()
    })
  }

  /** Resolves when everything requested so far is written, the pod is gone, or `stop` was called. */
  async flush(): Promise<void> {
    while (this.#running) await this.#running
  }

  stop(): void {
    this.#stopped.abort()
  }

  async #run(): Promise<void> {
    const { clock, batchMs } = this.#context
    const { signal } = this.#stopped
    let failures = 0
    await sleep(clock, batchMs, signal)
    while (this.#isRequested && !this.#isGone && !signal.aborted) {
      this.#isRequested = false
      if (await this.#attempt()) {
        failures = 0
        continue
      }
      this.#isRequested = true
      failures += 1
      // A conflict is tried again at once: the newest object has been read.
      if (failures > 1) await sleep(clock, backoffMs(failures - 1, retryWait), signal)
    }
  }

  async #attempt(): Promise<boolean> {
    try {
      await this.#writeOnce()
      return true
    } catch (error) {
      if (isKubeError(error, 'NotFound')) this.#isGone = true
      else if (isKubeError(error, 'Conflict')) await this.#readAgain()
      else if (!this.#stopped.signal.aborted) {
        const { name, namespace } = this.#pod.metadata
        this.#context.log.warn('Could not write the status of a pod', { pod: name, namespace, error: String(error) })
      }
      return this.#isGone
    }
  }

  async #writeOnce(): Promise<void> {
    const { client, compute, onWritten } = this.#context
    const status = withOthersFields(this.#pod.status, compute(this.#pod))
    if (isSame(this.#pod.status, status)) return
    const options = { subresource: 'status', signal: this.#stopped.signal }
    this.#pod = withoutManagedFields(await client.replace<Pod>(resources.pods, { ...this.#pod, status }, options))
    onWritten(this.#pod)
  }

  /** When even reading fails, the next attempt to write finds out again. */
  async #readAgain(): Promise<void> {
    const { namespace = 'default', name = '', uid } = this.#pod.metadata
    try {
      const signal = this.#stopped.signal
      const fresh = await this.#context.client.get<Pod>(resources.pods, { namespace, name }, { signal })
      if (fresh.metadata.uid === uid) this.#pod = withoutManagedFields(fresh)
      else this.#isGone = true
    } catch (error) {
      if (isKubeError(error, 'NotFound')) this.#isGone = true
    }
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
