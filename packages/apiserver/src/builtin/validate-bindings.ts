import { deepEqual } from '../schema/deep-equal.ts'
import { duplicate, type FieldError, invalid, notSupported, required } from '../schema/field-error.ts'
import { verbatim } from '../schema/go-text.ts'
import { isObject, type Json } from './defaults-type.ts'
import { each, field, length, named, oneOf } from './findings.ts'
import { pathSegmentErrors, subdomainErrors } from './names.ts'

const rbacGroup = 'rbac.authorization.k8s.io'

/** A RoleBinding or ClusterRoleBinding. */
export function checkBinding(object: Json, isNamespaced: boolean): readonly FieldError[] {
  const reference = field(object, 'roleRef')
  const kinds = isNamespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']
  const findings: FieldError[] = []
  if (reference.apiGroup !== rbacGroup) {
    findings.push(notSupported('roleRef.apiGroup', reference.apiGroup ?? '', [rbacGroup]))
  }
  if (!kinds.includes(String(reference.kind))) findings.push(notSupported('roleRef.kind', reference.kind ?? '', kinds))
  if (!reference.name) findings.push(required('roleRef.name'))
  else findings.push(...named('roleRef.name', reference.name, pathSegmentErrors))
  return [...findings, ...each('subjects', object.subjects, (subject, at) => checkSubject(subject, at, isNamespaced))]
}

function checkSubject(subject: Json, path: string, isNamespaced: boolean): FieldError[] {
  const findings: FieldError[] = subject.name ? [] : [required(`${path}.name`)]
  const group = String(subject.apiGroup ?? '')
  switch (subject.kind) {
    case 'ServiceAccount':
      if (subject.name) findings.push(...named(`${path}.name`, subject.name, subdomainErrors))
      if (group !== '') findings.push(notSupported(`${path}.apiGroup`, group, ['']))
      if (!isNamespaced && !subject.namespace) findings.push(required(`${path}.namespace`))
      return findings
    case 'User':
    case 'Group':
      return group === rbacGroup ? findings : [...findings, notSupported(`${path}.apiGroup`, group, [rbacGroup])]
    default:
      return [...findings, notSupported(`${path}.kind`, subject.kind ?? '', ['ServiceAccount', 'User', 'Group'])]
  }
}

export function checkBindingUpdate(object: Json, old: Json): readonly FieldError[] {
  if (deepEqual(object.roleRef, old.roleRef)) return []
  const { apiGroup, kind, name } = field(object, 'roleRef')
  const shown = verbatim(JSON.stringify({ APIGroup: apiGroup, Kind: kind, Name: name }))
  return [invalid('roleRef', shown, 'cannot change roleRef')]
}

/** Mutating and validating webhook configurations. */
export function checkWebhooks(object: Json): readonly FieldError[] {
  const names = new Set<string>()
  return each('webhooks', object.webhooks, (webhook, path) => {
    const name = String(webhook.name ?? '')
    const findings = [...checkWebhook(webhook, path)]
    if (names.has(name)) findings.push(duplicate(`${path}.name`, name))
    names.add(name)
    return findings
  })
}

const sideEffects = ['None', 'NoneOnDryRun']

function checkWebhook(webhook: Json, path: string): FieldError[] {
  const findings: FieldError[] = [
    ...checkQualified(String(webhook.name ?? ''), `${path}.name`),
    ...each(`${path}.rules`, webhook.rules, checkRule),
    ...oneOf(`${path}.failurePolicy`, webhook.failurePolicy, ['Fail', 'Ignore']),
    ...oneOf(`${path}.matchPolicy`, webhook.matchPolicy, ['Equivalent', 'Exact']),
  ]
  if (webhook.sideEffects === undefined) {
    findings.push(required(`${path}.sideEffects`, `must specify one of ${sideEffects.join(', ')}`))
  } else findings.push(...oneOf(`${path}.sideEffects`, webhook.sideEffects, sideEffects))
  findings.push(...checkTimeout(webhook.timeoutSeconds, `${path}.timeoutSeconds`))
  findings.push(...oneOf(`${path}.reinvocationPolicy`, webhook.reinvocationPolicy, ['IfNeeded', 'Never']))
  findings.push(...checkClient(field(webhook, 'clientConfig'), `${path}.clientConfig`))
  return [...findings, ...checkReviewVersions(webhook.admissionReviewVersions, `${path}.admissionReviewVersions`)]
}

function checkQualified(name: string, path: string): FieldError[] {
  if (name === '') return [required(path)]
  const errors = subdomainErrors(name)
  if (errors.length > 0) return [invalid(path, name, errors.join(','))]
  if (name.split('.').length >= 3) return []
  return [invalid(path, name, 'should be a domain with at least three segments separated by dots')]
}

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']

function checkRule(rule: Json, path: string): FieldError[] {
  const given = Array.isArray(rule.operations) ? rule.operations.map(String) : []
  const findings: FieldError[] = given.length === 0 ? [required(`${path}.operations`)] : []
  if (given.length > 1 && given.includes('*')) {
    findings.push(invalid(`${path}.operations`, given, "if '*' is present, must not specify other operations"))
  }
  given.forEach((operation, index) => {
    if (!operations.includes(operation)) {
      findings.push(notSupported(`${path}.operations[${index}]`, operation, operations))
    }
  })
  for (const name of ['apiGroups', 'apiVersions', 'resources']) {
    if (length(rule[name]) === 0) findings.push(required(`${path}.${name}`))
  }
  return [...findings, ...oneOf(`${path}.scope`, rule.scope, ['*', 'Cluster', 'Namespaced'])]
}

const timeoutSecondsMax = 30

function checkTimeout(value: unknown, path: string): FieldError[] {
  if (typeof value !== 'number' || (value >= 1 && value <= timeoutSecondsMax)) return []
  return [invalid(path, value, `the timeout value must be between 1 and ${timeoutSecondsMax} seconds`)]
}

function checkClient(config: Json, path: string): FieldError[] {
  const { url, service } = config
  if ((url === undefined) === !isObject(service)) return [required(path, 'exactly one of url or service is required')]
  if (isObject(service)) {
    const missing = ['name', 'namespace'].filter((name) => !service[name])
    return missing.map((name) => required(`${path}.service.${name}`, `service ${name} is required`))
  }
  return checkUrl(String(url), `${path}.url`)
}

const urlForm = 'desired format: https://host[/path]'

function checkUrl(text: string, path: string): FieldError[] {
  const url = URL.parse(text)
  if (!url) return [required(path, `url must be a valid URL: ${text}; ${urlForm}`)]
  const findings: FieldError[] = []
  if (url.protocol !== 'https:') {
    const scheme = url.protocol.slice(0, -1)
    findings.push(invalid(path, scheme, `'https' is the only allowed URL scheme; ${urlForm}`))
  }
  if (url.host === '') findings.push(invalid(path, url.host, `host must be specified; ${urlForm}`))
  if (url.username !== '' || url.password !== '')
    findings.push(invalid(path, url.username, 'user information is not permitted in the URL'))
  if (url.hash !== '') findings.push(invalid(path, url.hash.slice(1), 'fragments are not permitted in the URL'))
  if (url.search !== '')
    findings.push(invalid(path, url.search.slice(1), 'query parameters are not permitted in the URL'))
  return findings
}

const knownReviews = ['v1', 'v1beta1']

function checkReviewVersions(versions: unknown, path: string): FieldError[] {
  const given = Array.isArray(versions) ? versions.map(String) : []
  if (given.length === 0) return [required(path, `must specify one of ${knownReviews.join(', ')}`)]
  if (given.some((version) => knownReviews.includes(version))) return []
  return [invalid(path, given, `must include at least one of ${knownReviews.join(', ')}`)]
}
