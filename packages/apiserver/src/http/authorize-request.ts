import type { ApiRequest } from '../registry/api-request.ts'
import type { Authorizer } from '../registry/rbac.ts'
import { verbOf } from '../registry/route.ts'
import { ApiError } from './api-error.ts'
import type { User } from './authenticate.ts'

/** Throws 403 in the words of the real server. */
export function authorizeRequest(
  authorizer: Authorizer,
  user: User,
  { method, path, query }: Pick<ApiRequest, 'method' | 'path' | 'query'>,
): void {
  const verb = verbOf(method, path, query) ?? method.toLowerCase()
  const { group, plural, subresource, namespace, name } = path
  const { allowed } = authorizer.decide(user, { verb, group, resource: plural, subresource, namespace, name })
  if (allowed) return
  const resource = subresource ? `${plural}/${subresource}` : plural
  const qualified = group ? `${plural}.${group}` : plural
  const where = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope'
  const subject = name ? `${qualified} "${name}"` : qualified
  const why = `User "${user.username}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`
  const details = { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: plural }
  throw new ApiError(403, 'Forbidden', `${subject} is forbidden: ${why}`, details)
}
