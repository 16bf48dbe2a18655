import { forbidden } from '../http/api-error.ts'
import { isRecord } from '../registry/object-body.ts'
import type { Authorizer } from '../registry/rbac.ts'
import { errorResource } from '../registry/served-resource.ts'
import type { Admission, Review } from './admission.ts'

const group = 'rbac.authorization.k8s.io'

/**
 * Keeps rights from growing by themselves: who writes a role needs the verb `escalate` on it, who writes a binding
 * needs `bind` on its role. (kube-apiserver also lets people pass on what they hold themselves; here they ask an
 * administrator.)
 */
export function rbacGuard(authorizer: Authorizer): Admission {
  const check = ({ request }: Review, verb: 'escalate' | 'bind', resource: string, name: string): void => {
    const { user, path } = request
    const namespace = resource === 'roles' ? path.namespace : ''
    const attributes = { verb, group, resource, subresource: '', namespace, name }
    if (authorizer.decide(user, attributes).allowed) return
    const why = `user "${user.username}" may not grant rights: it needs the verb "${verb}" on ${resource} "${name}"`
    throw forbidden(errorResource(request.resource), name, why)
  }
  return {
    mutate: (_, object) => Promise.resolve(object),
    validate: async (review, object) => {
      const { resource } = review.request
      if (resource.gvk.group !== group || !object || review.operation === 'DELETE') return
      const { name = '' } = object.metadata
      if (resource.plural === 'roles' || resource.plural === 'clusterroles')
        check(review, 'escalate', resource.plural, name)
      const roleRef = isRecord(object['roleRef']) ? object['roleRef'] : {}
      const isClusterRole = roleRef['kind'] === 'ClusterRole'
      const isBinding = resource.plural === 'rolebindings' || resource.plural === 'clusterrolebindings'
      if (isBinding) check(review, 'bind', isClusterRole ? 'clusterroles' : 'roles', String(roleRef['name'] ?? ''))
    },
  }
}
