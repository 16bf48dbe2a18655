import { deepEqual } from '../schema/deep-equal.ts'
import { type FieldError, forbidden, invalid } from '../schema/field-error.ts'
import { parseQuantity } from '../schema/quantity.ts'
import type { Json } from './defaults-type.ts'
import { each, field, length, named, nonNegative, oneOf } from './findings.ts'
import { notNegative, qualifiedNameErrors } from './names.ts'

export function checkLease(object: Json): readonly FieldError[] {
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = field(object, 'spec')
  const findings: FieldError[] = []
  if (typeof duration === 'number' && duration <= 0) {
    findings.push(invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'))
  }
  if (typeof transitions === 'number' && transitions < 0) {
    findings.push(invalid('spec.leaseTransitions', transitions, notNegative))
  }
  return findings
}

/** In either group's form; the core group's name is told in both. */
export function checkEvent(object: Json): readonly FieldError[] {
  const namespace = field(object, 'metadata').namespace
  const involved = (field(object, 'involvedObject').namespace ?? field(object, 'regarding').namespace) || ''
  // What is said about objects without a namespace stands in one of these.
  const places: readonly unknown[] = object.eventTime ? ['default', 'kube-system'] : [undefined, '', 'default']
  if (involved ? involved === namespace : places.includes(namespace)) return []
  return [invalid('involvedObject.namespace', involved, 'does not match event.namespace')]
}

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export function checkNode(object: Json): readonly FieldError[] {
  return each('metadata.taints', field(object, 'spec').taints, (taint, at) => [
    ...named(`${at}.key`, taint.key, qualifiedNameErrors),
    ...oneOf(`${at}.effect`, taint.effect, taintEffects),
  ])
}

/** A node keeps the addresses of its pods and its provider's id once it has them. */
export function checkNodeUpdate(object: Json, old: Json): readonly FieldError[] {
  const now = field(object, 'spec')
  const before = field(old, 'spec')
  const findings: FieldError[] = []
  if (length(before.podCIDRs) > 0 && !deepEqual(now.podCIDRs, before.podCIDRs)) {
    findings.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'))
  }
  if (before.providerID && now.providerID !== before.providerID) {
    findings.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'))
  }
  return findings
}

export function checkRevision(object: Json): readonly FieldError[] {
  return nonNegative('revision', object.revision)
}

export function checkRevisionUpdate(object: Json, old: Json): readonly FieldError[] {
  return deepEqual(object.data, old.data) ? [] : [invalid('data', object.data ?? null, 'field is immutable')]
}

export function checkQuotaUpdate(object: Json, old: Json): readonly FieldError[] {
  const { scopes } = field(object, 'spec')
  const isSame = deepEqual(scopes ?? [], field(old, 'spec').scopes ?? [])
  return isSame ? [] : [invalid('spec.scopes', scopes ?? null, 'field is immutable')]
}

export function checkQuota(object: Json): readonly FieldError[] {
  const hard = field(field(object, 'spec'), 'hard')
  return Object.entries(hard).flatMap(([name, amount]) => {
    const path = `spec.hard[${name}]`
    const findings = named(path, name, qualifiedNameErrors)
    if (!name.includes('/') && !standardQuota.test(name)) {
      if (findings.length === 0) {
        findings.push(invalid(path, name, 'must be a standard resource type or fully qualified'))
      }
      findings.push(invalid(path, name, 'must be a standard resource for quota'))
    }
    const quantity = parseQuantity(String(amount))
    return quantity && quantity.nano < 0n ? [...findings, invalid(path, amount, notNegative)] : findings
  })
}

const standardQuota =
  /^(?:(?:limits\.|requests\.)?(?:cpu|memory|storage|ephemeral-storage)|pods|services(?:\.\w+)?|replicationcontrollers|resourcequotas|secrets|configmaps|persistentvolumeclaims|requests\..+|hugepages-.+|count\/.+)$/

export function checkLimitRange(object: Json): readonly FieldError[] {
  return each('spec.limits', field(object, 'spec').limits, (limit, path) => {
    const names = new Set(
      ['max', 'min', 'default', 'defaultRequest'].flatMap((part) => Object.keys(field(limit, part))),
    )
    return [...names].flatMap((name) => checkLimit(limit, name, path))
  })
}

/** min ≤ default request ≤ default ≤ max. */
function checkLimit(limit: Json, name: string, path: string): FieldError[] {
  const text = (part: string): unknown => field(limit, part)[name]
  const amount = (part: string): bigint | undefined => parseQuantity(String(text(part) ?? ''))?.nano
  const findings: FieldError[] = []
  const compare = (low: string, high: string, at: string, words: string) => {
    if (!isGreater(amount(low), amount(high))) return
    findings.push(invalid(`${path}.${at}[${name}]`, text(at === 'defaultRequest' ? at : low), words))
  }
  const [min, max] = [text('min'), text('max')]
  const [low, usual] = [text('defaultRequest'), text('default')]
  if (isGreater(amount('min'), amount('max'))) {
    findings.push(
      invalid(`${path}.min[${name}]`, min, `min value ${String(min)} is greater than max value ${String(max)}`),
    )
  }
  compare(
    'min',
    'defaultRequest',
    'defaultRequest',
    `min value ${String(min)} is greater than default request value ${String(low)}`,
  )
  compare(
    'defaultRequest',
    'max',
    'defaultRequest',
    `default request value ${String(low)} is greater than max value ${String(max)}`,
  )
  compare(
    'defaultRequest',
    'default',
    'defaultRequest',
    `default request value ${String(low)} is greater than default limit value ${String(usual)}`,
  )
  compare('min', 'default', 'default', `min value ${String(min)} is greater than default value ${String(usual)}`)
  compare('default', 'max', 'default', `default value ${String(usual)} is greater than max value ${String(max)}`)
  return findings
}

const isGreater = (a: bigint | undefined, b: bigint | undefined): boolean => a !== undefined && b !== undefined && a > b
