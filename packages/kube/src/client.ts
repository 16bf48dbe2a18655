import type { KubeList, KubeObject, Resource, WatchEvent } from './wire.ts'

/** Options that every call takes. The client adds its own deadline when none comes with the signal. */
export interface CallOptions {
  readonly signal?: AbortSignal
}

/** Reads that may ask for `PartialObjectMetadata`: apiVersion, kind and metadata, nothing else. */
export interface ReadOptions extends CallOptions {
  readonly metadataOnly?: boolean
}

export interface WriteOptions extends CallOptions {
  readonly dryRun?: boolean
  readonly fieldManager?: string
  /** `status`, `scale`, `binding`, … Absent: the object itself. */
  readonly subresource?: string
  /**
   * What the server makes of unknown and repeated fields. Default: `Warn` for who listens to warnings, else `Ignore`, which
   * spares it reading the body of an apply twice.
   */
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict'
  /** Told each warning of the server's admission (header `Warning`, RFC 7234 5.5), whether or not the write is refused. */
  readonly onWarning?: (text: string) => void
}

export interface ListOptions extends ReadOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
}

export interface WatchOptions extends ReadOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion?: string
  readonly allowBookmarks?: boolean
  /** WatchList: the current state arrives as ADDED events, then a bookmark annotated `k8s.io/initial-events-end`. */
  readonly sendInitialEvents?: boolean
  readonly timeoutSeconds?: number
  /** Called when the server has accepted the watch: events may be long in coming. */
  readonly onOpen?: () => void
}

export interface DeleteOptions extends CallOptions {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly gracePeriodSeconds?: number
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: boolean
}

export type PatchType = 'json' | 'merge' | 'strategic'

/** What a place in the API is called: namespace absent for cluster-scoped resources. */
export interface ObjectName {
  readonly namespace?: string
  readonly name: string
}

/**
 * A Kubernetes API client. Every method rejects with `KubeError` (see errors.ts) when the server refuses or cannot be
 * reached; `get` of an absent object rejects with code `NotFound`. Objects are the server's, never cached.
 */
export interface Client {
  get<T extends KubeObject = KubeObject>(
    resource: Resource,
    name: ObjectName,
    options?: ReadOptions & { readonly subresource?: string },
  ): Promise<T>
  /** One page when `limit` is given, else the whole collection. Items always carry apiVersion and kind. */
  list<T extends KubeObject = KubeObject>(resource: Resource, options?: ListOptions): Promise<KubeList<T>>
  create<T extends KubeObject = KubeObject>(resource: Resource, object: T, options?: WriteOptions): Promise<T>
  replace<T extends KubeObject = KubeObject>(resource: Resource, object: T, options?: WriteOptions): Promise<T>
  patch<T extends KubeObject = KubeObject>(
    resource: Resource,
    name: ObjectName,
    type: PatchType,
    body: unknown,
    options?: WriteOptions,
  ): Promise<T>
  /** Server-side apply. */
  apply<T extends KubeObject = KubeObject>(
    resource: Resource,
    object: T,
    options: WriteOptions & { readonly fieldManager: string; readonly force?: boolean },
  ): Promise<T>
  delete(resource: Resource, name: ObjectName, options?: DeleteOptions): Promise<void>
  /** One watch request; ends when the server closes it or the signal aborts. Informers (cache.ts) keep one going for ever. */
  watch<T extends KubeObject = KubeObject>(resource: Resource, options?: WatchOptions): AsyncIterable<WatchEvent<T>>
  /** Any other path (discovery, /version, /openapi, logs, binding). `body` is sent as JSON. */
  request(
    method: string,
    path: string,
    options?: CallOptions & { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown }>
  /** As `request`, with the answer's bytes as they come (logs with follow). */
  stream(
    path: string,
    options?: CallOptions & { readonly method?: string },
  ): Promise<{ readonly status: number; readonly body: AsyncIterable<Uint8Array> }>
  close(): Promise<void>
}
