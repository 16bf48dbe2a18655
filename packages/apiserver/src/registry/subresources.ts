import { ApiError, methodNotAllowed } from '../http/api-error.ts'
import type { ApiRequest, Outcome } from './api-request.ts'
import type { Platform } from './platform.ts'
import type { Verb } from './verb.ts'
import { scaleVerb } from './scale.ts'
import { bindPod } from './sub/bind-pod.ts'
import { createServiceAccountToken } from './sub/create-token.ts'
import { evictPod } from './sub/evict-pod.ts'
import { finalizeNamespace } from './sub/finalize-namespace.ts'
import { podLog } from './sub/pod-log.ts'
import { patchVerb } from './patch.ts'
import { findEntry, getVerb } from './get.ts'
import { updateVerb } from './update.ts'

type Handler = (platform: Platform, request: ApiRequest) => Promise<Outcome>

/** `bucket/subresource verb` of the subresources that only one kind has. */
const handlers: Readonly<Record<string, Handler | undefined>> = {
  'pods/binding create': bindPod,
  'pods/eviction create': evictPod,
  'pods/log get': podLog,
  'namespaces/finalize update': finalizeNamespace,
  'serviceaccounts/token create': createServiceAccountToken,
  'pods/ephemeralcontainers get': getVerb,
  'pods/ephemeralcontainers update': updateVerb,
  'pods/ephemeralcontainers patch': patchVerb,
  'pods/resize get': getVerb,
  'pods/resize update': updateVerb,
  'pods/resize patch': patchVerb,
}

/** Subresources that would open a connection into a pod, service or node. */
const connecting: ReadonlySet<string> = new Set(['attach', 'exec', 'portforward', 'proxy'])

/** Every subresource but status. */
export async function subresourceVerbs(platform: Platform, request: ApiRequest, verb: Verb): Promise<Outcome> {
  const { path, resource } = request
  if (path.subresource === 'scale') return scaleVerb(platform, request, verb)
  const handler = handlers[`${resource.bucket}/${path.subresource} ${verb}`]
  if (!handler && connecting.has(path.subresource)) {
    findEntry(platform.store, resource, path.namespace, path.name)
    const why = `${path.subresource} is not offered by this server: pods are local programs, reached at their own address`
    throw new ApiError(405, 'MethodNotAllowed', why, {})
  }
  if (!handler) throw methodNotAllowed()
  return handler(platform, request)
}
