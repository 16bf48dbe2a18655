import type { Client } from './client.ts'
import { type Informer, type InformerOptions, startInformer } from './informer.ts'
import type { Log } from './log.ts'
import type { Clock } from './clock.ts'
import type { KubeObject, Resource } from './wire.ts'

/** Informers that are shared: one per resource and selection, however many ask for it. */
export interface InformerSet {
  /** Starts it, or gives the one that runs. Options beyond the selection are those of the first who asked. */
  informer<T extends KubeObject = KubeObject>(resource: Resource, options?: InformerOptions<T>): Informer<T>
  /** Stops one and forgets it: the next who asks gets a new one. */
  stop(informer: Informer): Promise<void>
  /** Resolves when all that run now have their first state. */
  readonly synced: Promise<void>
  close(): Promise<void>
}

export function createInformers(
  client: Client,
  shared: {
    readonly clock?: Clock
    readonly random?: () => number
    readonly log?: Log
    readonly watchList?: boolean
  } = {},
): InformerSet {
  const running = new Map<string, Informer>()
  return {
    informer: <T extends KubeObject>(resource: Resource, options: InformerOptions<T> = {}) => {
      const key = keyOf(resource, options)
      const known = running.get(key)
      if (known) return known as unknown as Informer<T>
      const informer = startInformer<T>(client, resource, { ...shared, ...options })
      running.set(key, informer as unknown as Informer)
      return informer
    },
    stop: async (informer) => {
      for (const [key, known] of running) if (known === informer) running.delete(key)
      await informer.stop()
    },
    get synced() {
      return Promise.all([...running.values()].map((informer) => informer.synced)).then(() => undefined)
    },
    close: async () => {
      const all = [...running.values()]
      running.clear()
      await Promise.all(all.map((informer) => informer.stop()))
    },
  }
}

function keyOf<T extends KubeObject>(resource: Resource, options: InformerOptions<T>): string {
  const { namespace = '', labelSelector = '', fieldSelector = '', metadataOnly = false } = options
  return [
    resource.group,
    resource.version,
    resource.plural,
    namespace,
    labelSelector,
    fieldSelector,
    metadataOnly,
  ].join('|')
}
