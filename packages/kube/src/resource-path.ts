import type { ObjectName } from './client.ts'
import { KubeError } from './errors.ts'
import type { Resource } from './wire.ts'

export interface PathParts {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
}

/** `/apis/apps/v1/namespaces/default/deployments/web/scale?dryRun=All`. Undefined query values are left out. */
export function resourcePath(resource: Resource, parts: PathParts): string {
  const { namespace, name, subresource, query } = parts
  const segments = resource.group === '' ? ['api', resource.version] : ['apis', resource.group, resource.version]
  if (resource.namespaced && namespace !== undefined) segments.push('namespaces', encodeURIComponent(namespace))
  segments.push(resource.plural)
  if (name !== undefined) segments.push(encodeURIComponent(name))
  if (subresource !== undefined) segments.push(...subresource.split('/').map(encodeURIComponent))
  return `/${segments.join('/')}${queryString(query ?? {})}`
}

/** `deployments.apps default/web`, for messages. */
export function describeTarget(
  resource: Resource,
  name?: { readonly namespace?: string | undefined; readonly name?: string | undefined },
): string {
  const kind = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`
  const place = [resource.namespaced ? name?.namespace : undefined, name?.name].filter(
    (part) => part !== undefined && part !== '',
  )
  return place.length === 0 ? kind : `${kind} ${place.join('/')}`
}

/** A name as the path needs it. Without it, a slip would turn into a call on a whole collection. */
export function checkName(verb: string, resource: Resource, name: ObjectName): void {
  if (name.name === '' || name.name === '.' || name.name === '..') {
    throw badCall(`${verb} ${describeTarget(resource)}: a name is needed, not "${name.name}"`)
  }
  if (resource.namespaced && !name.namespace) {
    throw badCall(`${verb} ${describeTarget(resource, name)}: ${resource.kind} lives in a namespace and none was given`)
  }
}

export function badCall(message: string): KubeError {
  return new KubeError({ code: 'BadCall', message })
}

function queryString(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const parameters = Object.entries(query).flatMap(([key, value]) =>
    value === undefined || value === '' ? [] : [`${encodeURIComponent(key)}=${encodeURIComponent(value)}`],
  )
  return parameters.length === 0 ? '' : `?${parameters.join('&')}`
}
