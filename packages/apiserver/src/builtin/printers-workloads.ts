import type { KubeObject } from '@millrace/kube'
import type { Printers } from './table-printer.ts'
import {
  age,
  at,
  columns,
  conditionStatus,
  containerCells,
  count,
  humanDuration,
  items,
  labelsText,
  selectorText,
  since,
  text,
} from './printer-cells.ts'

const podSpec = (object: KubeObject): unknown => at(object, 'spec', 'template', 'spec')
const name = (object: KubeObject): string => object.metadata.name ?? ''
const wide = '+Containers:string, +Images:string, +Selector:string'

export const workloadPrinters: Printers = {
  'apps/Deployment': {
    columns: columns('Name:string:name, Ready:string, Up-to-date:string, Available:string, Age:string', wide),
    cells: (object, nowMs) => [
      name(object),
      `${count(object, 'status', 'readyReplicas')}/${count(object, 'spec', 'replicas')}`,
      count(object, 'status', 'updatedReplicas'),
      count(object, 'status', 'availableReplicas'),
      age(object, nowMs),
      ...containerCells(podSpec(object)),
      selectorText(at(object, 'spec', 'selector'), ''),
    ],
  },
  'apps/ReplicaSet': replicaSet('apps'),
  '/ReplicationController': replicaSet(''),
  'apps/StatefulSet': {
    columns: columns('Name:string:name', 'Ready:string', 'Age:string', '+Containers:string', '+Images:string'),
    cells: (object, nowMs) => [
      name(object),
      `${count(object, 'status', 'readyReplicas')}/${count(object, 'spec', 'replicas')}`,
      age(object, nowMs),
      ...containerCells(podSpec(object)),
    ],
  },
  'apps/DaemonSet': {
    columns: columns(
      'Name:string:name, Desired:integer, Current:integer, Ready:integer, Up-to-date:integer',
      'Available:integer, Node Selector:string, Age:string',
      wide,
    ),
    cells: (object, nowMs) => [
      name(object),
      ...['desiredNumberScheduled', 'currentNumberScheduled', 'numberReady', 'updatedNumberScheduled'].map((field) =>
        count(object, 'status', field),
      ),
      count(object, 'status', 'numberAvailable'),
      labelsText(at(podSpec(object), 'nodeSelector')),
      age(object, nowMs),
      ...containerCells(podSpec(object)),
      selectorText(at(object, 'spec', 'selector'), '<none>'),
    ],
  },
  'batch/Job': {
    columns: columns('Name:string:name, Status:string, Completions:string, Duration:string, Age:string', wide),
    cells: (object, nowMs) => [
      name(object),
      jobStatus(object),
      jobCompletions(object),
      jobDuration(object, nowMs),
      age(object, nowMs),
      ...containerCells(podSpec(object)),
      selectorText(at(object, 'spec', 'selector'), '<none>'),
    ],
  },
  'batch/CronJob': {
    columns: columns(
      'Name:string:name, Schedule:string, Timezone:string, Suspend:boolean, Active:integer',
      'Last Schedule:string, Age:string',
      wide,
    ),
    cells: (object, nowMs) => {
      const last = at(object, 'status', 'lastScheduleTime')
      const suspend = at(object, 'spec', 'suspend')
      return [
        name(object),
        text(object, 'spec', 'schedule'),
        text(object, 'spec', 'timeZone') || '<none>',
        suspend === undefined ? '<unset>' : suspend === true ? 'True' : 'False',
        items(object, 'status', 'active').length,
        last ? since(last, nowMs) : '<none>',
        age(object, nowMs),
        ...containerCells(at(object, 'spec', 'jobTemplate', 'spec', 'template', 'spec')),
        selectorText(at(object, 'spec', 'jobTemplate', 'spec', 'selector'), '<none>'),
      ]
    },
  },
  'apps/ControllerRevision': {
    columns: columns('Name:string:name', 'Controller:string', 'Revision:string', 'Age:string'),
    cells: (object, nowMs) => {
      const owner = object.metadata.ownerReferences?.find((reference) => reference.controller === true)
      const [group] = owner?.apiVersion.includes('/') ? owner.apiVersion.split('/') : ['']
      const kind = owner ? `${owner.kind.toLowerCase()}${group ? `.${group}` : ''}/${owner.name}` : '<none>'
      return [name(object), kind, count(object, 'revision'), age(object, nowMs)]
    },
  },
  'autoscaling/HorizontalPodAutoscaler': {
    columns: columns(
      'Name:string:name, Reference:string, Targets:string, MinPods:string, MaxPods:string',
      'Replicas:string, Age:string',
    ),
    cells: (object, nowMs) => [
      name(object),
      `${text(object, 'spec', 'scaleTargetRef', 'kind')}/${text(object, 'spec', 'scaleTargetRef', 'name')}`,
      metricsText(object),
      text(object, 'spec', 'minReplicas') || '<unset>',
      count(object, 'spec', 'maxReplicas'),
      count(object, 'status', 'currentReplicas'),
      age(object, nowMs),
    ],
  },
  'policy/PodDisruptionBudget': {
    columns: columns(
      'Name:string:name, Min Available:string, Max Unavailable:string, Allowed Disruptions:integer',
      'Age:string',
    ),
    cells: (object, nowMs) => [
      name(object),
      text(object, 'spec', 'minAvailable') || 'N/A',
      text(object, 'spec', 'maxUnavailable') || 'N/A',
      count(object, 'status', 'disruptionsAllowed'),
      age(object, nowMs),
    ],
  },
}

function replicaSet(group: 'apps' | ''): Printers[string] {
  return {
    columns: columns('Name:string:name, Desired:integer, Current:integer, Ready:integer, Age:string', wide),
    cells: (object, nowMs) => [
      name(object),
      count(object, 'spec', 'replicas'),
      count(object, 'status', 'replicas'),
      count(object, 'status', 'readyReplicas'),
      age(object, nowMs),
      ...containerCells(podSpec(object)),
      group === ''
        ? labelsText(at(object, 'spec', 'selector'))
        : selectorText(at(object, 'spec', 'selector'), '<none>'),
    ],
  }
}

function jobStatus(job: KubeObject): string {
  const has = (type: string): boolean => conditionStatus(job, type) === 'True'
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating'
  if (has('Suspended')) return 'Suspended'
  if (has('FailureTarget')) return 'FailureTarget'
  return has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running'
}

function jobCompletions(job: KubeObject): string {
  const done = count(job, 'status', 'succeeded')
  const wanted = at(job, 'spec', 'completions')
  if (typeof wanted === 'number') return `${done}/${wanted}`
  const parallelism = count(job, 'spec', 'parallelism')
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`
}

function jobDuration(job: KubeObject, nowMs: number): string {
  const start = Date.parse(text(job, 'status', 'startTime'))
  const end = Date.parse(text(job, 'status', 'completionTime'))
  return Number.isNaN(start) ? '' : humanDuration((Number.isNaN(end) ? nowMs : end) - start)
}

const metricsShown = 2

function metricsText(autoscaler: KubeObject): string {
  const specs = items(autoscaler, 'spec', 'metrics')
  if (specs.length === 0) return '<none>'
  const statuses = items(autoscaler, 'status', 'currentMetrics')
  const texts = specs.map((spec, index) => metricText(spec, statuses[index]))
  const shown = texts.slice(0, metricsShown).join(', ')
  return texts.length > metricsShown ? `${shown} + ${texts.length - metricsShown} more...` : shown
}

const metricFields: Readonly<Record<string, string>> = {
  External: 'external',
  Pods: 'pods',
  Object: 'object',
  Resource: 'resource',
  ContainerResource: 'containerResource',
}

/** Current value / target: `cpu: 10%/80%`, `500m/1 (avg)`. */
function metricText(spec: unknown, status: unknown): string {
  const type = text(spec, 'type')
  const field = metricFields[type]
  if (!field) return '<unknown type>'
  const target = at(spec, field, 'target')
  const current = at(status, field, 'current')
  const shown = (value: unknown): string => (value === undefined || value === null ? '<unknown>' : String(value))
  const average = text(target, 'averageValue')
  if (type === 'Pods') return `${shown(at(current, 'averageValue'))}/${average}`
  if (type === 'Resource' || type === 'ContainerResource') {
    const resource = text(spec, field, 'name')
    if (average !== '') return `${resource}: ${shown(at(current, 'averageValue'))}/${average}`
    const used = at(current, 'averageUtilization')
    const wanted = at(target, 'averageUtilization')
    const percent = (value: unknown, none: string): string => (typeof value === 'number' ? `${value}%` : none)
    return `${resource}: ${percent(used, '<unknown>')}/${percent(wanted, '<auto>')}`
  }
  if (average !== '') return `${shown(at(current, 'averageValue'))}/${average} (avg)`
  return `${shown(at(current, 'value'))}/${text(target, 'value')}`
}
