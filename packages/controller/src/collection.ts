import {
  type Change,
  type Informer,
  type InformerOptions,
  type InformerSet,
  isKubeError,
  type KubeObject,
  type ObjectName,
  type Resource,
} from '@millrace/kube'

/** A local copy of a resource in the namespaces that we serve: one informer, or one for each namespace. */
export interface Collection {
  readonly resource: Resource
  readonly isSynced: boolean
  readonly synced: Promise<void>
  /** Why a part of it is not followed right now. */
  readonly trouble: Error | undefined
  /** We may not read it: what it holds is unknown and taken as nothing until somebody allows us. */
  readonly isForbidden: boolean
  get(name: ObjectName): KubeObject | undefined
  list(namespace?: string): readonly KubeObject[]
  /** `namespace/name` of all. */
  keys(): Iterable<string>
  by(index: string, value: string): readonly KubeObject[]
  remember(object: KubeObject): void
  forget(object: KubeObject): void
  stop(): Promise<void>
}

export function startCollection(
  informers: InformerSet,
  resource: Resource,
  options: {
    /** Absent: all. */
    readonly namespaces?: readonly string[]
    readonly informer: InformerOptions
    readonly onChange: (change: Change) => void
  },
): Collection {
  const { namespaces, informer: informerOptions, onChange } = options
  const scopes: readonly (string | undefined)[] =
    resource.namespaced && namespaces && informerOptions.namespace === undefined ? namespaces : [undefined]
  const parts = scopes.map((namespace) =>
    informers.informer(resource, { ...informerOptions, ...(namespace !== undefined && { namespace }) }),
  )
  const partOf = (namespace: string | undefined): readonly Informer[] => {
    const index = scopes.indexOf(namespace)
    const part = parts[index]
    if (scopes[0] === undefined) return parts
    return part ? [part] : []
  }
  const stops = parts.map((part) => part.onChange(onChange))
  return {
    resource,
    get isSynced() {
      return parts.every((part) => part.isSynced)
    },
    synced: Promise.all(parts.map((part) => part.synced)).then(() => undefined),
    get trouble() {
      return parts.find((part) => part.trouble)?.trouble
    },
    get isForbidden() {
      return parts.some((part) => !part.isSynced && isKubeError(part.trouble, 'Forbidden'))
    },
    get: (name) => partOf(name.namespace)[0]?.get(name),
    list: (namespace) =>
      namespace === undefined
        ? parts.flatMap((part) => part.list())
        : partOf(namespace).flatMap((part) => part.list(namespace)),
    keys: () => parts.flatMap((part) => [...part.keys()]),
    by: (index, value) => {
      const [only, ...others] = parts
      if (only && others.length === 0) return only.by(index, value)
      return parts.flatMap((part) => part.by(index, value))
    },
    remember: (object) => partOf(object.metadata.namespace)[0]?.remember(object),
    forget: (object) => partOf(object.metadata.namespace)[0]?.forget(object),
    stop: async () => {
      for (const stop of stops) stop()
      await Promise.all(parts.map((part) => informers.stop(part)))
    },
  }
}
