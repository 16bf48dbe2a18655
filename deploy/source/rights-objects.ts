import { group as serving, kinds } from '@millrace/api'
import { clusterWide, inNamespace, labelsOf, names, namespace, partOf } from './names.ts'
import { clusterRights, ownRights, type Right, serviceRights } from './rights.ts'
import { each, type Node, when } from './slot.ts'

const api = 'rbac.authorization.k8s.io'
const apiVersion = `${api}/v1`

const subjects = [{ kind: 'ServiceAccount', name: names.controller, namespace }]

/** Who the controller is and what it may do: rights on namespaced kinds are bound everywhere, or where it serves. */
export const rightsObjects: readonly Node[] = [
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: inNamespace(names.controller, 'controller'),
    automountServiceAccountToken: false,
  },
  clusterRole(names.controller, clusterRights),
  clusterRole(names.services, serviceRights),
  { apiVersion, kind: 'Role', metadata: inNamespace(names.controller, 'controller'), rules: ownRights.map(rule) },
  {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: clusterWide(names.controller, 'controller'),
    roleRef: { apiGroup: api, kind: 'ClusterRole', name: names.controller },
    subjects,
  },
  {
    apiVersion,
    kind: 'RoleBinding',
    metadata: inNamespace(names.controller, 'controller'),
    roleRef: { apiGroup: api, kind: 'Role', name: names.controller },
    subjects,
  },
  when('not $.Values.watchNamespaces', ({ watchNamespaces }) => watchNamespaces.length === 0, {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: clusterWide(names.services, 'controller'),
    roleRef: { apiGroup: api, kind: 'ClusterRole', name: names.services },
    subjects,
  }),
  each(
    '$.Values.watchNamespaces',
    ({ watchNamespaces }) => watchNamespaces,
    (served) => ({
      apiVersion,
      kind: 'RoleBinding',
      metadata: { name: names.services, namespace: served, labels: labelsOf('controller') },
      roleRef: { apiGroup: api, kind: 'ClusterRole', name: names.services },
      subjects,
    }),
  ),
]

/** Who may view or edit a namespace may do so with our kinds in it. */
export const userRoles: readonly Node[] = [
  userRole('millrace-view', ['view'], ['get', 'list', 'watch']),
  userRole('millrace-edit', ['edit', 'admin'], ['create', 'update', 'patch', 'delete', 'deletecollection']),
]

function userRole(name: string, roles: readonly string[], verbs: readonly string[]): Node {
  const aggregation = roles.map((role) => [`${api}/aggregate-to-${role}`, 'true'] as const)
  const resources = kinds.filter(({ namespaced }) => namespaced).map(({ plural }) => plural)
  return {
    apiVersion,
    kind: 'ClusterRole',
    metadata: {
      name,
      labels: { 'app.kubernetes.io/component': 'user-roles', ...partOf, ...Object.fromEntries(aggregation) },
    },
    rules: [{ apiGroups: [serving], resources, verbs }],
  }
}

function clusterRole(name: string, rights: readonly Right[]): Node {
  return { apiVersion, kind: 'ClusterRole', metadata: clusterWide(name, 'controller'), rules: rights.map(rule) }
}

function rule({ group, resources, names: objects, verbs, only }: Right): Node {
  const plain = {
    apiGroups: [group],
    resources,
    ...(objects ? { resourceNames: objects } : {}),
    verbs,
  }
  if (only === 'own certificates')
    return when('not $.Values.certManager.enabled', ({ certManager }) => !certManager.enabled, plain)
  if (only === 'watched namespaces')
    return when('$.Values.watchNamespaces', ({ watchNamespaces }) => watchNamespaces.length > 0, plain)
  return plain
}
