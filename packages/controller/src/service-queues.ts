import {
  type Clock,
  createWorkQueue,
  type Log,
  type Priority,
  type ProcessResult,
  type Resource,
  type WorkQueue,
} from '@millrace/kube'
import type { Metrics } from './metrics.ts'
import type { ServiceKey } from './triggers.ts'
import { primaryResources } from './watched-kinds.ts'

/** A queue of names for each of our kinds, while we work; what is added at other times is dropped. */
export interface ServiceQueues {
  add(service: ServiceKey, priority?: Priority): void
  /** Whether names of normal priority wait, of any kind. */
  isPressed(): boolean
  /** The answer ends the work, when the runs have ended. May be begun again. */
  begin(): () => Promise<void>
  longestRunSeconds(): number
}

export interface ServiceQueuesOptions {
  readonly process: (resource: Resource, key: string, signal: AbortSignal) => Promise<ProcessResult>
  readonly workers: number
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly metrics: Metrics
}

export function createServiceQueues(options: ServiceQueuesOptions): ServiceQueues {
  const { process, workers, clock, random, log, metrics } = options
  let queues: ReadonlyMap<string, WorkQueue> | undefined
  const queueOf = (resource: Resource): WorkQueue => {
    const name = resource.kind.toLowerCase()
    return createWorkQueue({
      name,
      process: (key, signal) => process(resource, key, signal),
      workers,
      clock,
      random,
      log,
      metrics: metrics.forQueue(name, workers),
    })
  }
  for (const { kind } of primaryResources) metrics.watchQueue(kind.toLowerCase(), () => queues?.get(kind))
  return {
    add: ({ kind, key }, priority) => queues?.get(kind)?.add(key, priority),
    isPressed: () => [...(queues?.values() ?? [])].some(({ pressing }) => pressing > 0),
    begin: () => {
      const own = new Map(primaryResources.map((resource) => [resource.kind, queueOf(resource)]))
      queues = own
      for (const queue of own.values()) queue.start()
      return async () => {
        if (queues === own) queues = undefined
        await Promise.all([...own.values()].map((queue) => queue.close()))
      }
    },
    longestRunSeconds: () =>
      Math.max(0, ...[...(queues?.values() ?? [])].map((queue) => queue.running().longestSeconds)),
  }
}
