import {
  type Client,
  type Informer,
  type KubeObject,
  type Log,
  type Resource,
  resources,
  startInformer,
} from '@millrace/kube'

/** Objects of a kind that is followed while its definition is installed. */
export interface CustomKind<T extends KubeObject> {
  /** Resolves when it is known what there is, which may be nothing. */
  readonly synced: Promise<void>
  list(): readonly T[]
  stop(): Promise<void>
}

interface Definition extends KubeObject {
  spec?: { versions?: { name: string; served?: boolean }[] }
  status?: { conditions?: { type: string; status: string }[] }
}

/** Follows a custom kind from the moment its definition is there until it is gone; `onChange` tells of either and of objects. */
export function followCustomKind<T extends KubeObject>(
  client: Client,
  resource: Resource,
  { log, onChange }: { readonly log: Log; readonly onChange: () => void },
): CustomKind<T> {
  const definition = startInformer<Definition>(client, resources.customResourceDefinitions, {
    log,
    fieldSelector: `metadata.name=${resource.plural}.${resource.group}`,
    transform: withoutSchemas,
  })
  let objects: Informer<T> | undefined
  const stopping = new Set<Promise<void>>()
  const end = () => {
    if (!objects) return
    const stopped = objects.stop().finally(() => stopping.delete(stopped))
    stopping.add(stopped)
    objects = undefined
  }
  definition.onChange(() => {
    const isServed = definition.list().some((object) => serves(object, resource.version))
    if (isServed === (objects !== undefined)) return
    if (isServed) {
      objects = startInformer<T>(client, resource, { log })
      objects.onChange(onChange)
    } else end()
    onChange()
  })
  return {
    synced: definition.synced.then(() => objects?.synced),
    list: () => objects?.list() ?? [],
    async stop() {
      await definition.stop()
      end()
      await Promise.all(stopping)
    },
  }
}

function serves({ spec, status }: Definition, version: string): boolean {
  const isEstablished = status?.conditions?.some(
    ({ type, status: value }) => type === 'Established' && value === 'True',
  )
  return isEstablished === true && spec?.versions?.some(({ name, served }) => name === version && served) === true
}

/** Schemas are hundreds of kilobytes, and nobody here reads them. */
function withoutSchemas({ apiVersion, kind, metadata, spec, status }: Definition): Definition {
  const { name, uid, resourceVersion } = metadata
  const versions = spec?.versions?.map((version) => ({ name: version.name, served: version.served ?? false })) ?? []
  return {
    apiVersion,
    kind,
    metadata: {
      ...(name !== undefined && { name }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    spec: { versions },
    status: { conditions: status?.conditions ?? [] },
  }
}
