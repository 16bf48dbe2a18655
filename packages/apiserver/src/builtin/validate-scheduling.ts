import { type FieldError, invalid, notSupported, required } from '../schema/field-error.ts'
import { isObject, type Json } from './defaults-type.ts'
import { each, field, length, named, oneOf } from './findings.ts'
import { qualifiedNameErrors } from './names.ts'
import { checkSelector } from './validate-selector.ts'

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const anyKey = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'

export function checkTolerations(tolerations: unknown, path: string): FieldError[] {
  return each(path, tolerations, (item, at) => {
    const operator = String(item.operator ?? '')
    const findings: FieldError[] = item.key ? named(`${at}.key`, item.key, qualifiedNameErrors) : []
    if (!item.key && operator !== 'Exists') findings.push(invalid(`${at}.operator`, operator, anyKey))
    if (item.tolerationSeconds !== undefined && item.effect !== 'NoExecute') {
      const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
      findings.push(invalid(`${at}.effect`, item.effect ?? '', detail))
    }
    if (operator === 'Exists' && item.value) {
      findings.push(invalid(`${at}.operator`, item.value, "value must be empty when `operator` is 'Exists'"))
    } else findings.push(...oneOf(`${at}.operator`, operator, ['Equal', 'Exists']))
    return [...findings, ...oneOf(`${at}.effect`, item.effect, effects)]
  })
}

export function checkSpread(constraints: unknown, path: string): FieldError[] {
  return each(path, constraints, (item, at) => {
    const findings: FieldError[] = []
    if (Number(item.maxSkew ?? 0) <= 0) {
      findings.push(invalid(`${at}.maxSkew`, item.maxSkew ?? 0, 'must be greater than zero'))
    }
    if (!item.topologyKey) findings.push(required(`${at}.topologyKey`, 'can not be empty'))
    const policies = ['DoNotSchedule', 'ScheduleAnyway']
    if (!policies.includes(String(item.whenUnsatisfiable))) {
      findings.push(notSupported(`${at}.whenUnsatisfiable`, item.whenUnsatisfiable ?? '', policies))
    }
    return [...findings, ...checkSelector(item.labelSelector, `${at}.labelSelector`)]
  })
}

export function checkAffinity(affinity: unknown, path: string): FieldError[] {
  if (!isObject(affinity)) return []
  return [
    ...checkNodeAffinity(field(affinity, 'nodeAffinity'), `${path}.nodeAffinity`),
    ...['podAffinity', 'podAntiAffinity'].flatMap((kind) => checkPodAffinity(field(affinity, kind), `${path}.${kind}`)),
  ]
}

const requiredTerms = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferredTerms = 'preferredDuringSchedulingIgnoredDuringExecution'

function checkNodeAffinity(affinity: Json, path: string): FieldError[] {
  const findings: FieldError[] = []
  const needed = affinity[requiredTerms]
  if (isObject(needed)) {
    const at = `${path}.${requiredTerms}.nodeSelectorTerms`
    if (length(needed.nodeSelectorTerms) === 0) {
      findings.push(required(at, 'must have at least one node selector term'))
    }
    findings.push(...each(at, needed.nodeSelectorTerms, checkNodeTerm))
  }
  const preferred = each(`${path}.${preferredTerms}`, affinity[preferredTerms], (term, at) => [
    ...checkWeight(term.weight, `${at}.weight`),
    ...checkNodeTerm(field(term, 'preference'), `${at}.preference`),
  ])
  return [...findings, ...preferred]
}

const nodeOperators = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']

function checkNodeTerm(term: Json, path: string): FieldError[] {
  return each(`${path}.matchExpressions`, term.matchExpressions, (item, at) => {
    const operator = String(item.operator ?? '')
    const findings: FieldError[] = []
    const isList = operator === 'In' || operator === 'NotIn'
    const isCompare = operator === 'Gt' || operator === 'Lt'
    if (!nodeOperators.includes(operator)) {
      findings.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'))
    } else if (isList && length(item.values) === 0) {
      findings.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    } else if (isCompare && length(item.values) !== 1) {
      findings.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    } else if (!isList && !isCompare && length(item.values) > 0) {
      findings.push({
        type: 'Forbidden',
        field: `${at}.values`,
        detail: "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      })
    }
    return [...findings, ...named(`${at}.key`, item.key, qualifiedNameErrors)]
  })
}

function checkWeight(weight: unknown, path: string): FieldError[] {
  const number = Number(weight ?? 0)
  return number >= 1 && number <= 100 ? [] : [invalid(path, number, 'must be in the range 1-100')]
}

function checkPodAffinity(affinity: Json, path: string): FieldError[] {
  return [
    ...each(`${path}.${requiredTerms}`, affinity[requiredTerms], checkPodTerm),
    ...each(`${path}.${preferredTerms}`, affinity[preferredTerms], (term, at) => [
      ...checkWeight(term.weight, `${at}.weight`),
      ...checkPodTerm(field(term, 'podAffinityTerm'), `${at}.podAffinityTerm`),
    ]),
  ]
}

function checkPodTerm(term: Json, path: string): FieldError[] {
  const key = `${path}.topologyKey`
  return [
    ...checkSelector(term.labelSelector, `${path}.labelSelector`),
    ...(term.topologyKey ? [] : [required(key, 'can not be empty')]),
    ...named(key, term.topologyKey, qualifiedNameErrors),
  ]
}
