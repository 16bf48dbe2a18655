import type { ComponentSpec } from '../../kinds/inference-service.ts'
import type { ScaleMetric } from '../../schema/scaling.ts'
import { annotations as keys, knativeKeys } from '../../wire-keys.ts'
import type { Reporter, ServiceCheck } from '../check-context.ts'
import { nearName } from '../near-name.ts'
import { parseQuantity } from '../quantity.ts'

type Path = readonly (string | number)[]

export const autoscalerClasses = ['hpa', 'keda', 'external', 'none'] as const

const knativeHpa = 'hpa.autoscaling.knative.dev'
const mebibyte = parseQuantity('1Mi') ?? 0n

export function checkAutoscalerClass(annotations: ServiceCheck['annotations'], report: Reporter): void {
  const value = annotations[keys.autoscalerClass]
  if (value === undefined || autoscalerClasses.some((known) => known === value)) return
  const near = nearName(value, autoscalerClasses)
  const message = `${JSON.stringify(value)} is not an autoscaler: use ${autoscalerClasses.join(', ')} (Knative's own needs no annotation)`
  const options = near === undefined ? { value } : { value, suggestion: near }
  report.error(['metadata', 'annotations', keys.autoscalerClass], 'autoscaler-class', message, options)
}

/** What a component's scaling fields mean to the autoscaler that the mode and the annotations choose. */
export function checkScaling(check: ServiceCheck, component: ComponentSpec, path: Path, report: Reporter): void {
  const { annotations, mode } = check
  if (mode !== 'Standard') {
    checkKnativeScaling(component, path, report, annotations[knativeKeys.autoscalerClass] === knativeHpa)
    return
  }
  switch (annotations[keys.autoscalerClass] ?? 'hpa') {
    case 'hpa':
      checkHpa(component, path, report)
      return
    case 'keda':
      checkKeda(component, path, report)
      return
    default:
      return
  }
}

function checkKnativeScaling(component: ComponentSpec, path: Path, report: Reporter, isHpa: boolean): void {
  if (isHpa) {
    checkHpa(component, path, report)
    return
  }
  const { scaleMetric, scaleTarget } = component
  if (scaleMetric !== 'rps' || scaleTarget === undefined || scaleTarget >= 1) return
  const message = 'must be at least 1 request per second'
  report.error([...path, 'scaleTarget'], 'scale-target', message, { value: scaleTarget })
}

/** A HorizontalPodAutoscaler. Which metrics it has is said by the table of modes. */
function checkHpa(component: ComponentSpec, path: Path, report: Reporter): void {
  const { scaleMetric = 'cpu', scaleTarget } = component
  if (scaleMetric === 'cpu' || scaleMetric === 'memory') checkHpaTarget(scaleMetric, scaleTarget, path, report)
  for (const [index, metric] of (component.autoScaling?.metrics ?? []).entries()) {
    if (metric.type !== 'Resource' || metric.resource) continue
    const place = [...path, 'autoScaling', 'metrics', index, 'resource']
    report.error(place, 'metric-source', 'is required by type Resource: add it')
  }
}

function checkHpaTarget(metric: ScaleMetric, target: number | undefined, path: Path, report: Reporter): void {
  if (target === undefined) return
  if (target < 1 || target > 100) {
    const message = `must be a percentage from 1 to 100 of the ${metric} that the pods request`
    report.error([...path, 'scaleTarget'], 'scale-target', message, { value: target })
  }
}

function checkUtilization(value: number | undefined, path: Path, report: Reporter): void {
  if (value === undefined || (value >= 1 && value <= 100)) return
  report.error(path, 'scale-target', 'must be a percentage from 1 to 100', { value })
}

type Metric = NonNullable<NonNullable<ComponentSpec['autoScaling']>['metrics']>[number]

function checkKeda(component: ComponentSpec, path: Path, report: Reporter): void {
  for (const [index, metric] of (component.autoScaling?.metrics ?? []).entries()) {
    checkKedaMetric(metric, [...path, 'autoScaling', 'metrics', index], report)
  }
}

function checkKedaMetric(metric: Metric, path: Path, report: Reporter): void {
  const field = { Resource: 'resource', External: 'external', PodMetric: 'podmetric' } as const
  const name = field[metric.type]
  const source = metric[name]
  if (!source) {
    report.error([...path, name], 'metric-source', `is required by type ${metric.type}: add it`)
    return
  }
  if (metric.type === 'Resource') {
    if (metric.resource) checkKedaResource(metric.resource, [...path, name], report)
    return
  }
  const outside = metric.type === 'External' ? metric.external : metric.podmetric
  if (!outside?.metric.query) {
    report.error(
      [...path, name, 'metric', 'query'],
      'metric-query',
      'is required: write the query that gives the number',
    )
  }
  if (outside?.target.value === undefined) {
    report.error([...path, name, 'target', 'value'], 'metric-target', 'is required: write the value to hold')
  }
  if (outside) checkTargetValue(outside.target, [...path, name, 'target'], report)
}

function checkKedaResource(resource: NonNullable<Metric['resource']>, path: Path, report: Reporter): void {
  const { name, target } = resource
  const place = [...path, 'target']
  if (name === 'cpu' && target.type !== 'Utilization') {
    report.error([...place, 'type'], 'metric-target', 'must be Utilization for cpu', { value: target.type })
    return
  }
  if (name === 'memory' && target.type !== 'Utilization' && target.type !== 'AverageValue') {
    report.error([...place, 'type'], 'metric-target', 'must be Utilization or AverageValue for memory', {
      value: target.type,
    })
    return
  }
  if (target.type === 'AverageValue' && (parseQuantity(target.averageValue) ?? 0n) < mebibyte) {
    const message = 'must be a quantity of memory of at least 1Mi'
    report.error([...place, 'averageValue'], 'metric-target', message, { value: target.averageValue })
    return
  }
  checkTargetValue(target, place, report)
}

const targetFields = { Utilization: 'averageUtilization', AverageValue: 'averageValue', Value: 'value' } as const

function checkTargetValue(target: NonNullable<Metric['resource']>['target'], path: Path, report: Reporter): void {
  if (!target.type) return
  const field = targetFields[target.type]
  if (target[field] === undefined) {
    if (field !== 'value') report.error([...path, field], 'metric-target', `is required by type ${target.type}: add it`)
  } else if (target.type === 'Utilization') checkUtilization(target.averageUtilization, [...path, field], report)
}
