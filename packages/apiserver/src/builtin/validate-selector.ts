import { type FieldError, forbidden, invalid, required } from '../schema/field-error.ts'
import { verbatim } from '../schema/go-text.ts'
import { isObject, type Json, objects } from './defaults-type.ts'
import { each, length, named } from './findings.ts'
import { labelValueErrors, qualifiedNameErrors } from './names.ts'
import { checkLabels } from './validate-metadata.ts'

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist']

/** A LabelSelector; absent is fine. */
export function checkSelector(selector: unknown, path: string): FieldError[] {
  if (!isObject(selector)) return []
  return [
    ...checkLabels(selector.matchLabels, `${path}.matchLabels`),
    ...each(`${path}.matchExpressions`, selector.matchExpressions, checkRequirement),
  ]
}

function checkRequirement(item: Json, path: string): FieldError[] {
  const operator = String(item.operator ?? '')
  const findings: FieldError[] = []
  const isList = operator === 'In' || operator === 'NotIn'
  if (!operators.includes(operator)) {
    findings.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  } else if (isList && length(item.values) === 0) {
    findings.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
  } else if (!isList && length(item.values) > 0) {
    findings.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
  }
  const values = Array.isArray(item.values) ? item.values : []
  return [
    ...findings,
    ...named(`${path}.key`, item.key, qualifiedNameErrors),
    ...values.flatMap((value, index) => named(`${path}.values[${index}]`, value, labelValueErrors)),
  ]
}

/** Whether a set of labels is selected. A selector that is absent selects nothing, an empty one everything. */
export function selectorMatches(selector: unknown, labels: Json): boolean {
  if (!isObject(selector)) return false
  const equal = Object.entries(isObject(selector.matchLabels) ? selector.matchLabels : {})
  return (
    equal.every(([key, value]) => labels[key] === value) &&
    objects(selector.matchExpressions).every((item) => holds(item, labels))
  )
}

function holds(item: Json, labels: Json): boolean {
  const key = String(item.key)
  const values = Array.isArray(item.values) ? item.values : []
  const has = Object.hasOwn(labels, key)
  switch (item.operator) {
    case 'In':
      return has && values.includes(labels[key])
    case 'NotIn':
      return !has || !values.includes(labels[key])
    case 'Exists':
      return has
    case 'DoesNotExist':
      return !has
    default:
      return false
  }
}

/** A selector as error messages show it: fields in the order of the API type. */
export function shownSelector(selector: Json): object {
  const expressions = objects(selector.matchExpressions).map(({ key, operator, values }) => ({ key, operator, values }))
  return verbatim(
    JSON.stringify({
      matchLabels: isObject(selector.matchLabels) ? sorted(selector.matchLabels) : undefined,
      matchExpressions: expressions.length > 0 ? expressions : undefined,
    }),
  )
}

function sorted(labels: Json): Json {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}
