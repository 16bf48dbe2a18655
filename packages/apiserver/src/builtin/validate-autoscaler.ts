import { type FieldError, forbidden, invalid, notSupported, required } from '../schema/field-error.ts'
import { parseQuantity } from '../schema/quantity.ts'
import { isObject, type Json, objects } from './defaults-type.ts'
import { each, field, length, named, oneOf, requiredName } from './findings.ts'
import { pathSegmentErrors } from './names.ts'

export function checkAutoscaler(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  const findings: FieldError[] = []
  const { minReplicas: min, maxReplicas: max } = spec
  const metrics = objects(spec.metrics)
  if (typeof min === 'number' && min < 1) {
    findings.push(invalid('spec.minReplicas', min, 'must be greater than or equal to 1'))
  }
  if (Number(max ?? 0) < 1) findings.push(invalid('spec.maxReplicas', max ?? 0, 'must be greater than 0'))
  if (typeof min === 'number' && Number(max ?? 0) < min) {
    findings.push(invalid('spec.maxReplicas', max ?? 0, 'must be greater than or equal to `minReplicas`'))
  }
  findings.push(...checkReference(field(spec, 'scaleTargetRef'), 'spec.scaleTargetRef', true))
  findings.push(...each('spec.metrics', spec.metrics, checkMetric))
  if (min === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    const detail = 'must specify at least one Object or External metric to support scaling to zero replicas'
    findings.push(forbidden('spec.metrics', detail))
  }
  if (isObject(spec.behavior)) findings.push(...checkBehavior(spec.behavior))
  return findings
}

function checkReference(reference: Json, path: string, needsGroup: boolean): FieldError[] {
  const findings = ['kind', 'name'].flatMap((name) =>
    requiredName(`${path}.${name}`, reference[name], pathSegmentErrors),
  )
  const apiVersion = String(reference.apiVersion ?? '')
  if (needsGroup && apiVersion === '' && reference.kind !== 'ReplicationController') {
    findings.push(invalid(`${path}.apiVersion`, apiVersion, 'apiVersion must specify API group'))
  }
  return findings
}

const sources: Readonly<Record<string, string>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
}

function checkMetric(metric: Json, path: string): FieldError[] {
  const type = String(metric.type ?? '')
  const name = sources[type]
  if (type === '') return [required(`${path}.type`, 'must specify a metric source type')]
  if (name === undefined) return [notSupported(`${path}.type`, type, Object.keys(sources))]
  const extra = Object.values(sources).filter((other) => other !== name && isObject(metric[other]))
  const surplus = extra.map((other) => forbidden(`${path}.${other}`, 'must populate the given metric source only'))
  if (!isObject(metric[name])) {
    return [...surplus, required(`${path}.${name}`, 'must populate information for the given metric source')]
  }
  return [...surplus, ...checkSource(type, metric[name], `${path}.${name}`)]
}

function checkSource(type: string, source: Json, path: string): FieldError[] {
  const target = field(source, 'target')
  switch (type) {
    case 'Resource':
      return [...checkResourceName(source, path), ...checkResourceTarget(target, `${path}.target`)]
    case 'ContainerResource':
      return [
        ...checkResourceName(source, path),
        ...(source.container ? [] : [required(`${path}.container`, 'must specify a container')]),
        ...checkResourceTarget(target, `${path}.target`),
      ]
    case 'Pods':
      return [
        ...checkMetricName(source, path),
        ...checkTarget(target, `${path}.target`),
        ...checkPodsTarget(target, path),
      ]
    case 'Object':
      return [
        ...checkReference(field(source, 'describedObject'), `${path}.describedObject`, false),
        ...checkMetricName(source, path),
        ...checkTarget(target, `${path}.target`),
        ...oneValue(target, path, 'must set either a target value or averageValue'),
      ]
    default:
      return [
        ...checkMetricName(source, path),
        ...checkTarget(target, `${path}.target`),
        ...oneValue(target, path, 'must set either a target value for metric or a per-pod target'),
      ]
  }
}

function checkResourceName(source: Json, path: string): FieldError[] {
  return source.name ? [] : [required(`${path}.name`, 'must specify a resource name')]
}

function checkMetricName(source: Json, path: string): FieldError[] {
  const { name } = field(source, 'metric')
  if (!name) return [required(`${path}.metric.name`, 'must specify a metric name')]
  return named(`${path}.metric.name`, name, pathSegmentErrors)
}

function oneValue(target: Json, path: string, detail: string): FieldError[] {
  const hasValue = target.value !== undefined
  const hasAverage = target.averageValue !== undefined
  if (!hasValue && !hasAverage) return [required(`${path}.target.averageValue`, detail)]
  if (!hasValue || !hasAverage) return []
  return [forbidden(`${path}.target.averageValue`, 'may not set both a target value for metric and a per-pod target')]
}

function checkPodsTarget(target: Json, path: string): FieldError[] {
  const amount = target.averageValue === undefined ? undefined : parseQuantity(String(target.averageValue))
  if (amount && amount.nano > 0n) return []
  return [required(`${path}.target.averageValue`, 'must specify a positive target averageValue')]
}

function checkResourceTarget(target: Json, path: string): FieldError[] {
  const findings = checkTarget(target, path)
  const hasUtilization = target.averageUtilization !== undefined
  const hasAverage = target.averageValue !== undefined
  if (!hasUtilization && !hasAverage) {
    findings.push(required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization'))
  }
  if (hasUtilization && hasAverage) {
    findings.push(forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization'))
  }
  return findings
}

function checkTarget(target: Json, path: string): FieldError[] {
  const type = String(target.type ?? '')
  const findings: FieldError[] = []
  if (type === '') findings.push(required(`${path}.type`, 'must specify a metric target type'))
  else if (!['Utilization', 'Value', 'AverageValue'].includes(type)) {
    findings.push(invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'))
  }
  for (const name of ['value', 'averageValue']) {
    const amount = target[name] === undefined ? undefined : parseQuantity(String(target[name]))
    if (amount && amount.nano <= 0n) findings.push(invalid(`${path}.${name}`, target[name], 'must be positive'))
  }
  if (typeof target.averageUtilization === 'number' && target.averageUtilization < 1) {
    findings.push(invalid(`${path}.averageUtilization`, target.averageUtilization, 'must be greater than 0'))
  }
  return findings
}

const windowSecondsMax = 3600
const periodSecondsMax = 1800

function checkBehavior(behavior: Json): FieldError[] {
  return ['scaleUp', 'scaleDown'].flatMap((name) => {
    const rules = behavior[name]
    return isObject(rules) ? checkRules(rules, `spec.behavior.${name}`) : []
  })
}

function checkRules(rules: Json, path: string): FieldError[] {
  const findings: FieldError[] = []
  const window = rules.stabilizationWindowSeconds
  const at = `${path}.stabilizationWindowSeconds`
  if (typeof window === 'number' && window < 0) {
    findings.push(invalid(at, window, 'must be greater than or equal to zero'))
  }
  if (typeof window === 'number' && window > windowSecondsMax) {
    findings.push(invalid(at, window, `must be less than or equal to ${windowSecondsMax}`))
  }
  findings.push(...oneOf(`${path}.selectPolicy`, rules.selectPolicy, ['Disabled', 'Max', 'Min']))
  if (length(rules.policies) === 0) findings.push(required(`${path}.policies`, 'must specify at least one Policy'))
  return [...findings, ...each(`${path}.policies`, rules.policies, checkPolicy)]
}

function checkPolicy(policy: Json, path: string): FieldError[] {
  const findings = oneOf(`${path}.type`, policy.type, ['Percent', 'Pods'])
  for (const name of ['value', 'periodSeconds']) {
    const number = Number(policy[name] ?? 0)
    if (number <= 0) findings.push(invalid(`${path}.${name}`, number, 'must be greater than zero'))
  }
  const period = Number(policy.periodSeconds ?? 0)
  if (period > periodSecondsMax) {
    findings.push(invalid(`${path}.periodSeconds`, period, `must be less than or equal to ${periodSecondsMax}`))
  }
  return findings
}
