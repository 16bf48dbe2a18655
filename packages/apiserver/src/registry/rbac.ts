import type { User } from '../http/authenticate.ts'
import type { Store } from '../store/store.ts'

/** What somebody wants to do, as authorization.k8s.io asks it. */
export interface AccessAttributes {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** Set for paths that are no resource, instead of the above. */
  readonly nonResourcePath?: string
}

export interface AccessDecision {
  readonly allowed: boolean
  readonly reason: string
}

export interface PolicyRule {
  readonly verbs?: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

interface Subject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

interface Binding {
  readonly metadata: { readonly name: string }
  readonly subjects?: readonly Subject[]
  readonly roleRef: { readonly kind: string; readonly name: string }
}

export interface Authorizer {
  decide(user: User, attributes: AccessAttributes): AccessDecision
  /** All rules that apply to the user in a namespace. */
  rulesFor(user: User, namespace: string): readonly PolicyRule[]
}

const rbacGroup = 'rbac.authorization.k8s.io'
const superGroup = 'system:masters'

/** What every user may do without any role: learn what is served, and ask about themselves. */
const basicRules: readonly PolicyRule[] = [
  {
    verbs: ['create'],
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
  },
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  {
    verbs: ['get'],
    nonResourceURLs: [
      '/api',
      '/api/*',
      '/apis',
      '/apis/*',
      '/healthz',
      '/livez',
      '/openapi',
      '/openapi/*',
      '/readyz',
      '/version',
      '/version/',
    ],
  },
]

/** RBAC over the stored roles and bindings; `system:masters` may do everything. */
export function createAuthorizer(store: Store): Authorizer {
  function* rules(user: User, namespace: string): Iterable<readonly [PolicyRule, string]> {
    for (const rule of basicRules) yield [rule, 'allowed to every authenticated user']
    for (const { value } of store.list(`clusterrolebindings.${rbacGroup}`).entries) {
      yield* bindingRules(JSON.parse(value) as Binding, 'ClusterRoleBinding', user, '')
    }
    if (!namespace) return
    for (const { value } of store.list(`rolebindings.${rbacGroup}`, { prefix: `${namespace}/` }).entries) {
      yield* bindingRules(JSON.parse(value) as Binding, 'RoleBinding', user, namespace)
    }
  }

  function* bindingRules(
    binding: Binding,
    kind: string,
    user: User,
    namespace: string,
  ): Iterable<readonly [PolicyRule, string]> {
    const { metadata, subjects = [], roleRef } = binding
    const subject = subjects.find((candidate) => isSubject(candidate, user, namespace))
    if (!subject) return
    const isCluster = roleRef.kind === 'ClusterRole'
    const entry = isCluster
      ? store.get(`clusterroles.${rbacGroup}`, roleRef.name)
      : store.get(`roles.${rbacGroup}`, `${namespace}/${roleRef.name}`)
    if (!entry) return
    const role = JSON.parse(entry.value) as { readonly rules?: readonly PolicyRule[] }
    const inNamespace = (name: string, place: string | undefined): string =>
      JSON.stringify(place ? `${name}/${place}` : name)
    const who = `${subject.kind} ${inNamespace(subject.name, subject.namespace)}`
    const by = `${kind} ${inNamespace(metadata.name, namespace)}`
    const reason = `RBAC: allowed by ${by} of ${roleRef.kind} "${roleRef.name}" to ${who}`
    for (const rule of role.rules ?? []) yield [rule, reason]
  }

  return {
    decide: (user, attributes) => {
      if (user.groups.includes(superGroup)) return { allowed: true, reason: '' }
      for (const [rule, reason] of rules(user, attributes.namespace)) {
        if (permits(rule, attributes)) return { allowed: true, reason }
      }
      return { allowed: false, reason: '' }
    },
    rulesFor: (user, namespace) => {
      if (user.groups.includes(superGroup)) {
        return [
          { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
          { verbs: ['*'], nonResourceURLs: ['*'] },
        ]
      }
      return [...rules(user, namespace)].map(([rule]) => rule)
    },
  }
}

function isSubject({ kind, name, namespace = '' }: Subject, user: User, bindingNamespace: string): boolean {
  if (kind === 'User') return user.username === name
  if (kind === 'Group') return user.groups.includes(name)
  return kind === 'ServiceAccount' && user.username === `system:serviceaccount:${namespace || bindingNamespace}:${name}`
}

function permits(rule: PolicyRule, wanted: AccessAttributes): boolean {
  const has = (list: readonly string[] | undefined, value: string): boolean =>
    list?.some((item) => item === '*' || item === value) ?? false
  if (!has(rule.verbs, wanted.verb)) return false
  if (wanted.nonResourcePath !== undefined) {
    const path = wanted.nonResourcePath
    return (
      rule.nonResourceURLs?.some((url) => url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))) ??
      false
    )
  }
  const full = wanted.subresource ? `${wanted.resource}/${wanted.subresource}` : wanted.resource
  const isResource =
    has(rule.resources, full) || (wanted.subresource !== '' && has(rule.resources, `*/${wanted.subresource}`))
  const isNamed = !rule.resourceNames?.length || rule.resourceNames.includes(wanted.name)
  return has(rule.apiGroups, wanted.group) && isResource && isNamed
}
