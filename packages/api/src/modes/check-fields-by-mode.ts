import type { ParsedDeploymentMode } from '../deployment-mode.ts'
import type { InferenceGraph } from '../kinds/inference-graph.ts'
import type { DeploymentMode, InferenceService } from '../kinds/inference-service.ts'
import { gatherFindings, type Reporter } from '../validate/check-context.ts'
import { isRecord } from '../validate/check-schema.ts'
import type { Finding } from '../validate/finding.ts'
import { annotations as keys, knativeKeys } from '../wire-keys.ts'
import type { FieldPlace, FieldRow, Outcome, Scaler } from './field-row.ts'
import { fieldsByMode } from './fields-by-mode.ts'

type Fields = Readonly<Record<string, unknown>>
type Texts = Readonly<Record<string, string>>
type Path = readonly (string | number)[]

/** The rule of what is told and has no effect. */
const ignoredRule = 'mode-ignores'
/** The rule of what is admitted, and keeps everything from being made. */
const refusedRule = 'mode-refuses'

/** Says of every field that is set what the mode does not do with it. Expects an object that the schema accepts. */
export function checkFieldsByMode(
  object: InferenceService | InferenceGraph,
  mode: ParsedDeploymentMode,
  report: Reporter,
): void {
  if (mode === 'ModelMesh') return
  for (const stand of standsOf(object)) {
    for (const row of fieldsByMode) {
      if (!stand.places.includes(row.place)) continue
      const outcome = outcomeOf(row, mode, scalerOf(stand.annotations, mode))
      if (!outcome || !isTold(outcome)) continue
      const isText = row.place === 'annotation' || row.place === 'label'
      const names = isText ? [row.field] : row.field.split('.')
      for (const [path, value] of valuesAt(stand.fields, names, stand.path)) {
        if (row.matches && !row.matches(value)) continue
        tell(outcome, mode, path, value, report)
      }
    }
  }
}

function isTold(outcome: Outcome): boolean {
  return (outcome.effect === 'ignored' || outcome.effect === 'refused') && !outcome.isQuiet
}

/** What a mode does not do with what is written, for those who look at the service later. */
export function fieldsIgnored(object: InferenceService | InferenceGraph, mode: ParsedDeploymentMode): Finding[] {
  return gatherFindings((report) => checkFieldsByMode(object, mode, report)).filter(({ rule }) => rule === ignoredRule)
}

/** What a row says of a component that is scaled so. */
export function outcomeOf(row: FieldRow, mode: DeploymentMode, scaler: Scaler): Outcome | undefined {
  const outcomes = row.outcomes[mode]
  return (
    outcomes.find(({ scaledBy }) => scaledBy?.includes(scaler)) ??
    outcomes.find(({ scaledBy }) => scaledBy === undefined)
  )
}

/** Fields of one place, and what stands beside them. */
interface Stand {
  readonly places: readonly FieldPlace[]
  readonly path: Path
  readonly fields: Fields
  /** Of the service, with the component's over them. */
  readonly annotations: Texts
}

function standsOf(object: InferenceService | InferenceGraph): readonly Stand[] {
  const { annotations = {}, labels = {} } = object.metadata
  const shared: readonly Stand[] = [
    { places: ['annotation'], path: ['metadata', 'annotations'], fields: annotations, annotations },
    { places: ['label'], path: ['metadata', 'labels'], fields: labels, annotations },
  ]
  if (object.kind === 'InferenceGraph') {
    return [...shared, { places: ['graph'], path: ['spec'], fields: fieldsOf(object.spec), annotations }]
  }
  const { predictor, transformer, explainer } = object.spec
  const components = Object.entries({ predictor, transformer, explainer }).flatMap(([name, component]): Stand[] => {
    if (!component) return []
    const merged = { ...annotations, ...component.annotations }
    const path = ['spec', name]
    const places: FieldPlace[] = ['component', name as 'predictor' | 'transformer' | 'explainer']
    return [
      { places, path, fields: fieldsOf(component), annotations: merged },
      {
        places: ['annotation'],
        path: [...path, 'annotations'],
        fields: component.annotations ?? {},
        annotations: merged,
      },
    ]
  })
  return [...shared, { places: ['spec'], path: ['spec'], fields: fieldsOf(object.spec), annotations }, ...components]
}

function fieldsOf(value: object): Fields {
  return value as Fields
}

const knativeHpa = 'hpa.autoscaling.knative.dev'

function scalerOf(annotations: Texts, mode: DeploymentMode): Scaler {
  if (mode === 'Knative') return annotations[knativeKeys.autoscalerClass] === knativeHpa ? 'knative-hpa' : 'kpa'
  const given = annotations[keys.autoscalerClass]
  if (given === 'hpa' || given === 'keda' || given === 'external' || given === 'none') return given
  return 'unsaid'
}

/** Every value at a path in which `[]` after a name means each item of that list. */
function valuesAt(fields: unknown, names: readonly string[], path: Path): readonly (readonly [Path, unknown])[] {
  const [name, ...rest] = names
  if (name === undefined) return fields === undefined ? [] : [[path, fields]]
  const isList = name.endsWith('[]')
  const key = isList ? name.slice(0, -2) : name
  if (!isRecord(fields) || !Object.hasOwn(fields, key)) return []
  const value = fields[key]
  if (!isList) return valuesAt(value, rest, [...path, key])
  return Array.isArray(value) ? value.flatMap((item, index) => valuesAt(item, rest, [...path, key, index])) : []
}

function tell(outcome: Outcome, mode: DeploymentMode, path: Path, value: unknown, report: Reporter): void {
  const options = typeof value === 'object' ? {} : { value }
  if (outcome.effect === 'ignored') {
    const advice = outcome.instead === undefined ? '' : `; ${outcome.instead}`
    report.warn(path, ignoredRule, `has no effect in ${mode} mode: ${outcome.because}${advice}`, options)
  } else if (outcome.effect === 'refused') {
    if (outcome.rule === undefined) report.warn(path, refusedRule, outcome.because, options)
    else report.error(path, outcome.rule, outcome.because, options)
  }
}
