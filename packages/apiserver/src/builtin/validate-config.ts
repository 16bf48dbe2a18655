import { deepEqual } from '../schema/deep-equal.ts'
import { type FieldError, forbidden, invalid, notSupported, required, tooLong } from '../schema/field-error.ts'
import { isObject, type Json } from './defaults-type.ts'
import { field, named } from './findings.ts'
import { configKeyErrors } from './names.ts'

/** ConfigMaps and Secrets may hold so much. */
const dataBytesMax = 1024 * 1024

export function checkConfigMap(object: Json): readonly FieldError[] {
  const data = field(object, 'data')
  const binary = field(object, 'binaryData')
  const findings: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(data)) {
    findings.push(...named(`data[${key}]`, key, configKeyErrors))
    if (Object.hasOwn(binary, key))
      findings.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    bytes += Buffer.byteLength(String(value))
  }
  for (const [key, value] of Object.entries(binary)) {
    findings.push(...named(`binaryData[${key}]`, key, configKeyErrors))
    bytes += base64Bytes(value)
  }
  // The real server has no path for the whole: an empty one shows as `[]`.
  if (bytes > dataBytesMax) findings.push(tooLong('[]', dataBytesMax))
  return findings
}

function base64Bytes(value: unknown): number {
  return Buffer.byteLength(String(value), 'base64')
}

/** What each type of Secret must hold. */
const neededKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
}

export function checkSecret(object: Json): readonly FieldError[] {
  const data = field(object, 'data')
  const findings = Object.keys(data).flatMap((key) => named(`data[${key}]`, key, configKeyErrors))
  const bytes = Object.values(data).reduce<number>((sum, value) => sum + base64Bytes(value), 0)
  if (bytes > dataBytesMax) findings.push(tooLong('data', dataBytesMax))
  return [...findings, ...checkSecretType(String(object.type), data, field(object, 'metadata'))]
}

function checkSecretType(type: string, data: Json, metadata: Json): FieldError[] {
  if (type === 'kubernetes.io/service-account-token') {
    const key = 'kubernetes.io/service-account.name'
    return field(metadata, 'annotations')[key] ? [] : [required(`metadata.annotations[${key}]`)]
  }
  if (type === 'kubernetes.io/basic-auth') {
    const hasOne = Object.hasOwn(data, 'username') || Object.hasOwn(data, 'password')
    return hasOne ? [] : [required('data[username]'), required('data[password]')]
  }
  return (neededKeys[type] ?? []).flatMap((key) => {
    if (!Object.hasOwn(data, key)) return [required(`data[${key}]`)]
    return key.startsWith('.docker') ? checkDockerConfig(data[key], `data[${key}]`) : []
  })
}

function checkDockerConfig(value: unknown, path: string): FieldError[] {
  try {
    JSON.parse(Buffer.from(String(value), 'base64').toString())
    return []
  } catch {
    const first = Buffer.from(String(value), 'base64').toString().trim()[0]
    const reason =
      first === undefined
        ? 'unexpected end of JSON input'
        : `invalid character '${first}' looking for beginning of value`
    return [invalid(path, '<secret contents redacted>', reason)]
  }
}

export function checkConfigMapUpdate(object: Json, old: Json): readonly FieldError[] {
  return checkImmutableData(object, old, ['data', 'binaryData'])
}

export function checkSecretUpdate(object: Json, old: Json): readonly FieldError[] {
  const type = object.type === old.type ? [] : [invalid('type', object.type, 'field is immutable')]
  return [...type, ...checkImmutableData(object, old, ['data'])]
}

function checkImmutableData(object: Json, old: Json, fields: readonly string[]): FieldError[] {
  if (old.immutable !== true) return []
  const detail = 'field is immutable when `immutable` is set'
  const flag = object.immutable === true ? [] : [forbidden('immutable', detail)]
  const data = fields.filter((name) => !deepEqual(object[name], old[name])).map((name) => forbidden(name, detail))
  return [...flag, ...data]
}

export function checkRole(object: Json, isNamespaced: boolean): readonly FieldError[] {
  const rules = Array.isArray(object.rules) ? object.rules : []
  return rules.flatMap((rule, index) => (isObject(rule) ? checkRule(rule, `rules[${index}]`, isNamespaced) : []))
}

const size = (value: unknown): number => (Array.isArray(value) ? value.length : 0)

function checkRule(rule: Json, path: string, isNamespaced: boolean): FieldError[] {
  const findings: FieldError[] = []
  if (size(rule.verbs) === 0) findings.push(required(`${path}.verbs`, 'verbs must contain at least one value'))
  const urls = rule.nonResourceURLs
  if (size(urls) > 0) {
    const at = `${path}.nonResourceURLs`
    if (isNamespaced) findings.push(invalid(at, urls, 'namespaced rules cannot apply to non-resource URLs'))
    if (size(rule.apiGroups) + size(rule.resources) + size(rule.resourceNames) > 0) {
      findings.push(invalid(at, urls, 'rules cannot apply to both regular resources and non-resource URLs'))
    }
    return findings
  }
  if (size(rule.apiGroups) === 0) {
    findings.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'))
  }
  if (size(rule.resources) === 0) {
    findings.push(required(`${path}.resources`, 'resource rules must supply at least one resource'))
  }
  return findings
}

export function checkPriorityClass(object: Json): readonly FieldError[] {
  const findings: FieldError[] = []
  const name = String(field(object, 'metadata').name ?? '')
  const value = Number(object.value ?? 0)
  const userMax = 1_000_000_000
  if (name.startsWith('system-')) {
    if (name !== 'system-cluster-critical' && name !== 'system-node-critical') {
      const detail = `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`
      findings.push(forbidden('metadata.name', detail))
    }
  } else if (value > userMax) {
    findings.push(forbidden('value', `maximum allowed value of a user defined priority is ${userMax}`))
  }
  const policies = ['PreemptLowerPriority', 'Never']
  if (object.preemptionPolicy !== undefined && !policies.includes(String(object.preemptionPolicy))) {
    findings.push(notSupported('preemptionPolicy', object.preemptionPolicy, policies))
  }
  return findings
}

export function checkPriorityClassUpdate(object: Json, old: Json): readonly FieldError[] {
  const findings: FieldError[] = []
  if (object.value !== old.value) findings.push(forbidden('value', 'may not be changed in an update.'))
  const { preemptionPolicy: policy } = object
  if (policy !== old.preemptionPolicy) {
    findings.push(invalid('preemptionPolicy', policy ?? null, 'field is immutable'))
  }
  return findings
}
