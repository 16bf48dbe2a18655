import type { KubeObject } from '@millrace/kube'
import { type DownwardFacts, downwardField, downwardResource } from './downward-field.ts'
import { expandVariables } from './expand-variables.ts'
import type { Container, EnvVar } from './pod.ts'
import { objectData, type SourceName } from './volume-payload.ts'

export interface EnvironmentInputs {
  readonly facts: DownwardFacts
  readonly object: (source: SourceName) => KubeObject | undefined
  /** What every container has before its own: PATH, HOME, the platform's variables. */
  readonly base: Readonly<Record<string, string>>
}

export type EnvironmentResult =
  | { readonly ok: true; readonly values: Map<string, string> }
  | { readonly ok: false; readonly message: string }

/** ConfigMaps and Secrets that have to be read before the environment can be built. */
export function environmentObjects(container: Container): SourceName[] {
  const names: SourceName[] = []
  const add = (kind: SourceName['kind'], name: string | undefined) => {
    if (name) names.push({ kind, name })
  }
  for (const source of container.envFrom ?? []) {
    add('ConfigMap', source.configMapRef?.name)
    add('Secret', source.secretRef?.name)
  }
  for (const { valueFrom } of container.env ?? []) {
    add('ConfigMap', valueFrom?.configMapKeyRef?.name)
    add('Secret', valueFrom?.secretKeyRef?.name)
  }
  return names
}

/**
 * The container's environment: base, then envFrom in order, then env in order, each replacing what came before. `$(NAME)`
 * in a value sees what stands before it. Variables for services (`enableServiceLinks`) are left out: they would tell
 * cluster addresses that do not exist here, and names are the documented way to find a service.
 */
export function containerEnvironment(container: Container, inputs: EnvironmentInputs): EnvironmentResult {
  const values = new Map(Object.entries(inputs.base))
  for (const source of container.envFrom ?? []) {
    const [kind, reference] = source.configMapRef
      ? (['ConfigMap', source.configMapRef] as const)
      : (['Secret', source.secretRef] as const)
    const object = reference?.name ? inputs.object({ kind, name: reference.name }) : undefined
    if (!object && !reference?.optional) {
      return {
        ok: false,
        message: `${kind} "${reference?.name ?? ''}" for envFrom does not exist; create it, and the container starts.`,
      }
    }
    if (!object) continue
    for (const [key, bytes] of objectData(object)) values.set(`${source.prefix ?? ''}${key}`, bytes.toString('utf8'))
  }
  for (const variable of container.env ?? []) {
    const failure = addVariable(values, variable, container, inputs)
    if (failure) return { ok: false, message: failure }
  }
  for (const [name, value] of values)
    if (name.includes('\0') || value.includes('\0')) {
      return {
        ok: false,
        message: `the environment variable ${name.replaceAll('\0', '')} holds a NUL byte, which no program can be given.`,
      }
    }
  return { ok: true, values }
}

function addVariable(
  values: Map<string, string>,
  variable: EnvVar,
  container: Container,
  inputs: EnvironmentInputs,
): string | undefined {
  const { name, valueFrom } = variable
  if (!valueFrom) {
    values.set(name, expandVariables(variable.value ?? '', values))
    return undefined
  }
  if (valueFrom.fieldRef) {
    const value = downwardField(inputs.facts, valueFrom.fieldRef)
    if (value === undefined)
      return `env ${name} refers to the field ${valueFrom.fieldRef.fieldPath}, which does not exist.`
    values.set(name, value)
    return undefined
  }
  if (valueFrom.resourceFieldRef) {
    const value = downwardResource(inputs.facts, valueFrom.resourceFieldRef, container)
    if (value === undefined)
      return `env ${name} refers to ${valueFrom.resourceFieldRef.resource}, which does not exist.`
    values.set(name, value)
    return undefined
  }
  return addKey(values, variable, inputs)
}

function addKey(
  values: Map<string, string>,
  { name, valueFrom }: EnvVar,
  inputs: EnvironmentInputs,
): string | undefined {
  const kind = valueFrom?.configMapKeyRef ? 'ConfigMap' : 'Secret'
  const reference = valueFrom?.configMapKeyRef ?? valueFrom?.secretKeyRef
  if (!reference) return `env ${name} has a valueFrom that is not known here.`
  const object = reference.name ? inputs.object({ kind, name: reference.name }) : undefined
  const bytes = object && objectData(object).get(reference.key)
  if (bytes !== undefined) values.set(name, bytes.toString('utf8'))
  if (bytes !== undefined || reference.optional) return undefined
  if (!object)
    return `${kind} "${reference.name ?? ''}" for env ${name} does not exist; create it, and the container starts.`
  return `${kind} "${reference.name ?? ''}" has no key "${reference.key}", which env ${name} needs.`
}
