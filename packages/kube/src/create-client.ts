import { jsonHeaders, metadataOnlyHeaders, withItemKinds, withKind } from './answer-kinds.ts'
import { type CallerOptions, createCaller } from './caller.ts'
import type { Client, ListOptions, PatchType, WriteOptions } from './client.ts'
import type { Connection } from './connection.ts'
import { badCall, checkName, describeTarget, resourcePath } from './resource-path.ts'
import { parseJson } from './json-answer.ts'
import { watchEvents } from './watch-call.ts'
import type { KubeList, KubeObject, ObjectMeta, Resource } from './wire.ts'

export interface ClientOptions extends Partial<CallerOptions> {
  /** Objects in one answer when a caller lists without a limit of its own; the client then walks all pages. */
  readonly pageSize?: number
}

const pageSizeDefault = 500

/** A client of the API server at `connection`. Nothing is sent before the first call. */
export function createClient(connection: Connection, options: ClientOptions = {}): Client {
  const caller = createCaller(connection, options)
  const pageSize = options.pageSize ?? pageSizeDefault

  const listPage = async <T extends KubeObject>(resource: Resource, page: ListOptions): Promise<KubeList<T>> => {
    const what = `list ${describeTarget(resource, { namespace: page.namespace })}`
    const path = resourcePath(resource, { namespace: page.namespace, query: listQuery(page) })
    const headers = page.metadataOnly ? metadataOnlyHeaders('PartialObjectMetadataList') : jsonHeaders
    const list = await caller.json('GET', path, { what, headers, ...signalOf(page) })
    return withItemKinds<T>(what, resource, list)
  }

  const write = async <T extends KubeObject>(
    verb: string,
    method: string,
    resource: Resource,
    object: T,
    write: WriteOptions,
  ) => {
    const { namespace, name } = object.metadata
    if (method !== 'POST' || write.subresource !== undefined) checkName(verb, resource, nameOf(object))
    else if (resource.namespaced && !namespace)
      throw badCall(`${verb} ${describeTarget(resource)}: metadata.namespace is missing`)
    const inPath = method === 'POST' && write.subresource === undefined ? undefined : name
    const path = resourcePath(resource, {
      namespace,
      name: inPath,
      subresource: write.subresource,
      query: writeQuery(write),
    })
    const what = `${verb} ${describeTarget(resource, { namespace, name: name ?? object.metadata.generateName })}`
    return (await caller.json(method, path, { what, headers: jsonHeaders, body: object, ...listenersOf(write) })) as T
  }

  return {
    get: async <T extends KubeObject>(
      resource: Resource,
      name: { namespace?: string; name: string },
      get: Parameters<Client['get']>[2] = {},
    ) => {
      checkName('get', resource, name)
      const path = resourcePath(resource, { ...name, subresource: get.subresource })
      const headers = get.metadataOnly ? metadataOnlyHeaders('PartialObjectMetadata') : jsonHeaders
      const object = await caller.json('GET', path, {
        what: `get ${describeTarget(resource, name)}`,
        headers,
        ...signalOf(get),
      })
      return (get.subresource === undefined ? withKind(resource, object) : object) as T
    },

    list: async <T extends KubeObject>(resource: Resource, list: ListOptions = {}) => {
      if (list.limit !== undefined || list.continue !== undefined) return listPage<T>(resource, list)
      let page = await listPage<T>(resource, { ...list, limit: pageSize })
      const items = page.items
      while (page.metadata.continue) {
        page = await listPage<T>(resource, { ...list, limit: pageSize, continue: page.metadata.continue })
        for (const item of page.items) items.push(item)
      }
      return { ...page, items }
    },

    create: (resource, object, options = {}) => write('create', 'POST', resource, object, options),
    replace: (resource, object, options = {}) => write('replace', 'PUT', resource, object, options),

    patch: async <T extends KubeObject>(
      resource: Resource,
      name: { namespace?: string; name: string },
      type: PatchType,
      body: unknown,
      options: WriteOptions = {},
    ) => {
      checkName('patch', resource, name)
      const path = resourcePath(resource, { ...name, subresource: options.subresource, query: writeQuery(options) })
      const headers = { ...jsonHeaders, 'content-type': patchContentTypes[type] }
      const what = `patch ${describeTarget(resource, name)}`
      return (await caller.json('PATCH', path, { what, headers, body, ...listenersOf(options) })) as T
    },

    apply: async <T extends KubeObject>(resource: Resource, object: T, options: Parameters<Client['apply']>[2]) => {
      const name = nameOf(object)
      checkName('apply', resource, name)
      const query = { ...writeQuery(options), force: options.force }
      const path = resourcePath(resource, { ...name, subresource: options.subresource, query })
      // JSON is YAML: the body needs no YAML writer.
      const headers = { ...jsonHeaders, 'content-type': 'application/apply-patch+yaml' }
      const what = `apply ${describeTarget(resource, name)}`
      return (await caller.json('PATCH', path, { what, headers, body: object, ...listenersOf(options) })) as T
    },

    delete: async (resource, name, options = {}) => {
      checkName('delete', resource, name)
      const { propagationPolicy, gracePeriodSeconds, preconditions, dryRun } = options
      const body = {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        ...(propagationPolicy && { propagationPolicy }),
        ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        ...(preconditions && { preconditions }),
        ...(dryRun && { dryRun: ['All'] }),
      }
      const what = `delete ${describeTarget(resource, name)}`
      await caller.json('DELETE', resourcePath(resource, name), {
        what,
        headers: jsonHeaders,
        body,
        ...signalOf(options),
      })
    },

    watch: (resource, options = {}) => watchEvents(caller, resource, options),

    request: async (method, path, options = {}) => {
      const { body, headers, signal } = options
      const what = `${method} ${path.split('?', 1)[0] ?? path}`
      const answer = await caller.call(method, path, {
        what,
        headers: { ...jsonHeaders, ...headers },
        body,
        ...(signal && { signal }),
      })
      const isJson = /[/+]json/.test(answer.headers['content-type'] ?? '')
      return {
        status: answer.status,
        headers: answer.headers,
        body: isJson ? parseJson(what, answer.text) : answer.text,
      }
    },

    stream: async (path, options = {}) => {
      const what = `${options.method ?? 'GET'} ${path.split('?', 1)[0] ?? path}`
      const { status, body } = await caller.open(options.method ?? 'GET', path, {
        what,
        headers: {},
        ...signalOf(options),
      })
      return { status, body }
    },

    close: () => caller.close(),
  }
}

const patchContentTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
}

function listQuery(list: ListOptions) {
  const { labelSelector, fieldSelector, limit, resourceVersion } = list
  return { labelSelector, fieldSelector, limit, continue: list.continue, resourceVersion }
}

function writeQuery(write: WriteOptions) {
  const { dryRun, fieldManager, fieldValidation = write.onWarning ? 'Warn' : 'Ignore' } = write
  return { dryRun: dryRun ? 'All' : undefined, fieldManager, fieldValidation }
}

function signalOf(options: { readonly signal?: AbortSignal }): { readonly signal?: AbortSignal } {
  return options.signal ? { signal: options.signal } : {}
}

function listenersOf({ signal, onWarning }: WriteOptions): Pick<WriteOptions, 'signal' | 'onWarning'> {
  return { ...(signal && { signal }), ...(onWarning && { onWarning }) }
}

function nameOf(object: { readonly metadata: ObjectMeta }): { readonly namespace?: string; readonly name: string } {
  const { namespace, name } = object.metadata
  return { ...(namespace !== undefined && { namespace }), name: name ?? '' }
}
