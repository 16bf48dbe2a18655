import { methodNotAllowed } from '../http/api-error.ts'
import type { ApiRequest, Outcome } from './api-request.ts'
import type { Platform } from './platform.ts'
import type { Verb } from './route.ts'
import { scaleVerb } from './scale.ts'

/** Every subresource but status, by resource. */
export async function subresourceVerbs(platform: Platform, request: ApiRequest, verb: Verb): Promise<Outcome> {
  const { subresource } = request.path
  if (subresource === 'scale') return scaleVerb(platform, request, verb)
  throw methodNotAllowed()
}
