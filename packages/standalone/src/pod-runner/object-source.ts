import {
  type Client,
  createInformers,
  type InformerSet,
  isKubeError,
  type KubeObject,
  type Log,
  resources,
} from '@millrace/kube'
import type { SourceName } from './volume-payload.ts'

/** ConfigMaps and Secrets that pods use: read when a container starts, followed while it may want the newest. */
export interface ObjectSource {
  /** Undefined when the object does not exist. */
  fetch(namespace: string, source: SourceName): Promise<KubeObject | undefined>
  /** Calls back when one of them changes. Only these objects are watched, each once however many ask. */
  follow(namespace: string, sources: readonly SourceName[], onChange: () => void): () => void
  close(): Promise<void>
}

export function createObjectSource(client: Client, log: Log, signal: AbortSignal): ObjectSource {
  const informers: InformerSet = createInformers(client, { log })
  const users = new Map<string, number>()

  function followOne(namespace: string, source: SourceName, onChange: () => void): () => void {
    const key = `${source.kind}/${namespace}/${source.name}`
    const informer = informers.informer(resourceOf(source), {
      namespace,
      fieldSelector: `metadata.name=${source.name}`,
    })
    users.set(key, (users.get(key) ?? 0) + 1)
    const stop = informer.onChange(onChange)
    return () => {
      stop()
      const left = (users.get(key) ?? 1) - 1
      users.set(key, left)
      if (left > 0) return
      users.delete(key)
      void informers.stop(informer)
    }
  }

  return {
    async fetch(namespace, source) {
      try {
        return await client.get(resourceOf(source), { namespace, name: source.name }, { signal })
      } catch (error) {
        if (isKubeError(error, 'NotFound')) return undefined
        throw error
      }
    },
    follow(namespace, sources, onChange) {
      const stops = sources.map((source) => followOne(namespace, source, onChange))
      return () => {
        for (const stop of stops) stop()
      }
    },
    close: () => informers.close(),
  }
}

function resourceOf(source: SourceName) {
  return source.kind === 'ConfigMap' ? resources.configMaps : resources.secrets
}
