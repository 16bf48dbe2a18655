import { words } from '../schema/words.ts'
import { deepEqual } from '../schema/deep-equal.ts'
import { type FieldError, forbidden, invalid, notSupported, required } from '../schema/field-error.ts'
import { goQuote, verbatim } from '../schema/go-text.ts'
import { isObject, type Json } from './defaults-type.ts'
import { field, nonNegative, nonNegatives, oneOf } from './findings.ts'
import { notNegative, percentErrors } from './names.ts'
import { checkTemplate } from './validate-pod.ts'
import { checkSelector, selectorMatches, shownSelector } from './validate-selector.ts'

/** Selector and template of a workload: the one must select the other. */
function checkSelected(spec: Json, path: string, kind: string): FieldError[] {
  const findings: FieldError[] = []
  const { selector } = spec
  if (!isObject(selector)) findings.push(required(`${path}.selector`))
  else {
    const wrong = checkSelector(selector, `${path}.selector`)
    findings.push(...wrong)
    if (Object.keys(selector).length === 0) {
      findings.push(invalid(`${path}.selector`, {}, `empty selector is invalid for ${kind}`))
      return findings
    }
    if (wrong.some(({ field: at }) => at.includes('matchExpressions'))) {
      return [...findings, invalid(`${path}.selector`, shownSelector(selector), 'invalid label selector')]
    }
  }
  return [...findings, ...checkMatch(spec, path)]
}

function checkMatch(spec: Json, path: string): FieldError[] {
  const { labels } = field(field(spec, 'template'), 'metadata')
  if (selectorMatches(spec.selector, isObject(labels) ? labels : {})) return []
  const detail = '`selector` does not match template `labels`'
  return [invalid(`${path}.template.metadata.labels`, labels ?? null, detail)]
}

export function checkDeployment(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  const findings: FieldError[] = [
    ...nonNegative('spec.replicas', spec.replicas),
    ...checkSelected(spec, 'spec', 'deployment'),
  ]
  if (!isEmptySelector(spec.selector)) findings.push(...checkAlways(spec))
  findings.push(...checkDeploymentStrategy(field(spec, 'strategy'), 'spec.strategy'))
  findings.push(...nonNegatives('spec', spec, 'minReadySeconds', 'revisionHistoryLimit'))
  const { progressDeadlineSeconds: deadline, minReadySeconds: ready } = spec
  findings.push(...nonNegative('spec.progressDeadlineSeconds', deadline))
  if (typeof deadline === 'number' && deadline <= Number(ready ?? 0)) {
    findings.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'))
  }
  return findings
}

const isEmptySelector = (selector: unknown): boolean => isObject(selector) && Object.keys(selector).length === 0

/** A template whose pods are restarted for ever. */
function checkAlways(spec: Json): FieldError[] {
  const template = field(spec, 'template')
  const findings = [...checkTemplate(template, 'spec.template', ['Always'])]
  if (field(template, 'spec').activeDeadlineSeconds !== undefined) {
    findings.push(
      forbidden('spec.template.spec.activeDeadlineSeconds', 'activeDeadlineSeconds in ReplicaSet is not Supported'),
    )
  }
  return findings
}

function checkDeploymentStrategy(strategy: Json, path: string): FieldError[] {
  const { type, rollingUpdate } = strategy
  if (type === 'Recreate') {
    const detail = "may not be specified when strategy `type` is 'Recreate'"
    return rollingUpdate === undefined ? [] : [forbidden(`${path}.rollingUpdate`, detail)]
  }
  if (type !== 'RollingUpdate') return [notSupported(path, goStrategy(strategy), ['Recreate', 'RollingUpdate'])]
  const update = field(strategy, 'rollingUpdate')
  const at = `${path}.rollingUpdate`
  const findings = [
    ...checkAmount(update.maxUnavailable, `${at}.maxUnavailable`),
    ...checkAmount(update.maxSurge, `${at}.maxSurge`),
  ]
  if (isNothing(update.maxUnavailable) && isNothing(update.maxSurge)) {
    findings.push(invalid(`${at}.maxUnavailable`, update.maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
  }
  return [...findings, ...checkNotAboveAll(update.maxUnavailable, `${at}.maxUnavailable`)]
}

/** The strategy as Go shows its struct. */
function goStrategy({ type, rollingUpdate }: Json): object {
  return verbatim(`{"Type":${goQuote(String(type))},"RollingUpdate":${JSON.stringify(rollingUpdate ?? null)}}`)
}

const isNothing = (value: unknown): boolean => value === 0 || value === '0%'

/** A count or a percentage. */
export function checkAmount(value: unknown, path: string): FieldError[] {
  if (typeof value === 'string') return percentErrors(value).map((detail) => invalid(path, value, detail))
  return typeof value === 'number' && value < 0 ? [invalid(path, value, notNegative)] : []
}

export function checkNotAboveAll(value: unknown, path: string): FieldError[] {
  const match = typeof value === 'string' ? /^(\d+)%$/.exec(value) : null
  return match && Number(match[1]) > 100 ? [invalid(path, value, 'must not be greater than 100%')] : []
}

export function checkReplicaSet(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  return [
    ...nonNegatives('spec', spec, 'replicas', 'minReadySeconds'),
    ...checkSelected(spec, 'spec', 'deployment'),
    ...checkAlways(spec),
  ]
}

export function checkStatefulSet(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  const findings: FieldError[] = []
  const { podManagementPolicy: policy } = spec
  const strategy = field(spec, 'updateStrategy')
  if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    findings.push(invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'"))
  }
  if (strategy.type !== 'RollingUpdate' && strategy.type !== 'OnDelete') {
    findings.push(invalid('spec.updateStrategy', goStrategy(strategy), "must be 'RollingUpdate' or 'OnDelete'"))
  } else if (strategy.type === 'RollingUpdate') {
    const update = field(strategy, 'rollingUpdate')
    findings.push(...nonNegative('spec.updateStrategy.rollingUpdate.partition', update.partition))
  } else if (strategy.rollingUpdate !== undefined) {
    const detail = "only allowed for updateStrategy 'RollingUpdate'"
    findings.push(invalid('spec.updateStrategy.rollingUpdate', strategy.rollingUpdate, detail))
  }
  findings.push(...nonNegatives('spec', spec, 'replicas', 'minReadySeconds'))
  findings.push(...checkSelected(spec, 'spec', 'statefulset'))
  return [...findings, ...checkTemplate(field(spec, 'template'), 'spec.template', ['Always'])]
}

export function checkDaemonSet(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  const strategy = field(spec, 'updateStrategy')
  const at = 'spec.updateStrategy'
  const findings: FieldError[] = [
    ...checkSelected(spec, 'spec', 'daemonset'),
    ...checkTemplate(field(spec, 'template'), 'spec.template', ['Always']),
    ...nonNegatives('spec', spec, 'minReadySeconds', 'revisionHistoryLimit'),
  ]
  if (strategy.type === 'OnDelete') return findings
  if (strategy.type !== 'RollingUpdate') {
    return [...findings, notSupported(at, goStrategy(strategy), ['RollingUpdate', 'OnDelete'])]
  }
  const update = field(strategy, 'rollingUpdate')
  findings.push(...checkAmount(update.maxUnavailable, `${at}.rollingUpdate.maxUnavailable`))
  findings.push(...checkAmount(update.maxSurge, `${at}.rollingUpdate.maxSurge`))
  if (isNothing(update.maxUnavailable) && isNothing(update.maxSurge)) {
    findings.push(required(`${at}.rollingUpdate.maxUnavailable`, 'cannot be 0 when maxSurge is 0'))
  }
  return findings
}

const restartPolicies = ['OnFailure', 'Never']

export function checkJob(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  const findings = [...checkJobSpec(spec, 'spec')]
  const uid = field(object, 'metadata').uid
  const labels = field(field(spec, 'selector'), 'matchLabels')
  if (spec.manualSelector !== true && isObject(spec.selector)) {
    const expected = { 'batch.kubernetes.io/controller-uid': uid }
    if (!deepEqual(labels, expected)) {
      findings.push(invalid('spec.selector', shownSelector(spec.selector), '`selector` not auto-generated'))
    }
  }
  if (!isObject(spec.selector)) findings.push(required('spec.selector'))
  return [...findings, ...checkMatch(spec, 'spec')]
}

function checkJobSpec(spec: Json, path: string): readonly FieldError[] {
  const counts = ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished']
  const findings: FieldError[] = [
    ...nonNegatives(path, spec, ...counts),
    ...oneOf(`${path}.completionMode`, spec.completionMode, ['NonIndexed', 'Indexed']),
  ]
  if (spec.completionMode === 'Indexed' && spec.completions === undefined) {
    findings.push(required(`${path}.completions`, 'when completion mode is Indexed'))
  }
  const template = field(spec, 'template')
  findings.push(...checkTemplate(template, `${path}.template`, ['Always', ...restartPolicies]))
  const { restartPolicy } = field(template, 'spec')
  if (!restartPolicies.includes(String(restartPolicy))) {
    findings.push(required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'))
  }
  return findings
}

/** A cron job's name leaves room for the time that is added to its jobs' names. */
const cronNameMax = 52

export function checkCronJob(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  const name = String(field(object, 'metadata').name ?? '')
  const findings: FieldError[] = checkSchedule(spec.schedule)
  findings.push(...nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds))
  findings.push(...checkTimeZone(spec.timeZone))
  findings.push(...oneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']))
  findings.push(...checkJobSpec(field(field(spec, 'jobTemplate'), 'spec'), 'spec.jobTemplate.spec'))
  findings.push(...nonNegatives('spec', spec, 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'))
  if (name.length > cronNameMax) {
    findings.push(invalid('metadata.name', name, `must be no more than ${cronNameMax} characters`))
  }
  return findings
}

const scheduleWords = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every \S+)$/

function checkSchedule(schedule: unknown): FieldError[] {
  const text = String(schedule ?? '')
  if (text === '') return [required('spec.schedule')]
  const fields = text
    .replace(/^(?:CRON_)?TZ=\S+\s+/, '')
    .split(/\s+/)
    .filter(Boolean)
  if (fields.length === 5 || scheduleWords.test(text)) return []
  return [invalid('spec.schedule', text, `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`)]
}

function checkTimeZone(zone: unknown): FieldError[] {
  if (zone === undefined) return []
  if (zone === '') return [invalid('spec.timeZone', zone, 'timeZone must be nil or non-empty string')]
  try {
    return Intl.DateTimeFormat('en', { timeZone: String(zone) }) ? [] : []
  } catch {
    return [invalid('spec.timeZone', zone, `unknown time zone ${String(zone)}`)]
  }
}

const statefulChangeable = words(`
  replicas ordinals template updateStrategy revisionHistoryLimit
  persistentVolumeClaimRetentionPolicy minReadySeconds
`)
const statefulText = `updates to statefulset spec for fields other than ${statefulChangeable
  .slice(0, -1)
  .map((name) => `'${name}'`)
  .join(', ')} and 'minReadySeconds' are forbidden`

export function checkStatefulSetUpdate(object: Json, old: Json): readonly FieldError[] {
  const fixed = (spec: Json): Json =>
    Object.fromEntries(Object.entries(spec).filter(([name]) => !statefulChangeable.includes(name)))
  return deepEqual(fixed(field(object, 'spec')), fixed(field(old, 'spec'))) ? [] : [forbidden('spec', statefulText)]
}

/** Fields of the spec that stay what they were. */
export function checkUnchanged(object: Json, old: Json, ...names: readonly string[]): readonly FieldError[] {
  return names.flatMap((name) => {
    const now = field(object, 'spec')[name]
    if (deepEqual(now, field(old, 'spec')[name])) return []
    const shown = name === 'selector' && isObject(now) ? shownSelector(now) : (now ?? null)
    return [invalid(`spec.${name}`, shown, 'field is immutable')]
  })
}
