import type { ModelSpec, ServingRuntimeSpec } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import type { StringMap } from '../pod/shape.ts'
import type { World } from '../world.ts'

/** A ServingRuntime or ClusterServingRuntime. */
export interface Runtime {
  readonly name: string
  readonly scope: 'namespace' | 'cluster'
  readonly spec: ServingRuntimeSpec
  readonly annotations: StringMap
  readonly created: string
}

/** Why a runtime is not the one. */
export interface Rejection {
  readonly runtime: string
  readonly scope: Runtime['scope']
  readonly reason: string
  readonly message: string
}

export type Choice =
  | { readonly ok: true; readonly runtime: Runtime; readonly rejected: readonly Rejection[]; readonly named: boolean }
  | {
      readonly ok: false
      readonly reason: 'RuntimeNotRecognized' | 'RuntimeDisabled' | 'NoSupportingRuntime'
      readonly message: string
      readonly rejected: readonly Rejection[]
    }

interface Question {
  readonly model: ModelSpec
  readonly runtime: Runtime
  /** The service asks for worker pods. */
  readonly isMultiNode: boolean
}

type Check = (question: Question) => Omit<Rejection, 'runtime' | 'scope'> | undefined

const isDisabled: Check = ({ runtime }) =>
  runtime.spec.disabled ? { reason: 'Disabled', message: 'it is disabled' } : undefined

const isForManyModels: Check = ({ runtime }) =>
  runtime.spec.multiModel ? { reason: 'MultiModel', message: 'it serves many models from one server' } : undefined

const lacksFormat: Check = ({ model, runtime }) => {
  const formats = (runtime.spec.supportedModelFormats ?? []).filter((format) => format.name === model.modelFormat?.name)
  const wanted = model.modelFormat?.version
  if (formats.length === 0) return { reason: 'Format', message: `it does not read ${formatText(model)}` }
  if (wanted !== undefined && !formats.some((format) => format.version === wanted)) {
    const versions = formats.map((format) => format.version ?? 'any').join(', ')
    return { reason: 'Version', message: `it reads ${model.modelFormat?.name} in version ${versions}, not ${wanted}` }
  }
  return undefined
}

const isNotAutomatic: Check = ({ model, runtime }) => {
  const wanted = model.modelFormat?.version
  const formats = (runtime.spec.supportedModelFormats ?? []).filter(
    (format) => format.name === model.modelFormat?.name && (wanted === undefined || format.version === wanted),
  )
  if (formats.some((format) => format.autoSelect)) return undefined
  return { reason: 'AutoSelect', message: 'it is used only where its name is given (autoSelect is not set)' }
}

const lacksProtocol: Check = ({ model, runtime }) => {
  const spoken = runtime.spec.protocolVersions ?? []
  const wanted = model.protocolVersion ?? 'v1'
  if (spoken.length === 0 || spoken.includes(wanted)) return undefined
  return { reason: 'Protocol', message: `it speaks ${spoken.join(', ')}, not ${wanted}` }
}

const isOfOtherSize: Check = ({ runtime, isMultiNode }) => {
  const hasWorkers = runtime.spec.workerSpec !== undefined
  if (hasWorkers === isMultiNode) return undefined
  return hasWorkers
    ? { reason: 'MultiNode', message: 'it runs on several nodes, and the service has no workerSpec' }
    : { reason: 'SingleNode', message: 'it has no workerSpec, and the service runs on several nodes' }
}

const automaticChecks = [isDisabled, isForManyModels, lacksFormat, isNotAutomatic, lacksProtocol, isOfOtherSize]

/** Everything a service may run on: its namespace's runtimes, then the cluster's. */
export function runtimesOf(world: World, namespace: string): readonly Runtime[] {
  return [
    ...world.list('ServingRuntime', namespace).map((object) => runtimeOf(object, 'namespace')),
    ...world.list('ClusterServingRuntime').map((object) => runtimeOf(object, 'cluster')),
  ]
}

function runtimeOf(object: KubeObject, scope: Runtime['scope']): Runtime {
  return {
    name: object.metadata.name ?? '',
    scope,
    // One that an older admission let pass may lack them; it then fits nothing.
    spec: {
      ...(object['spec'] as ServingRuntimeSpec),
      containers: (object['spec'] as Partial<ServingRuntimeSpec>).containers ?? [],
    },
    annotations: object.metadata.annotations ?? {},
    created: object.metadata.creationTimestamp ?? '',
  }
}

/** Chooses the runtime of a model: the named one, which then must fit, else the best of those that fit. */
export function selectRuntime(model: ModelSpec, isMultiNode: boolean, runtimes: readonly Runtime[]): Choice {
  if (model.runtime !== undefined) return named(model, model.runtime, runtimes)
  const rejected: Rejection[] = []
  const fit: Runtime[] = []
  for (const runtime of runtimes) {
    const finding = firstFinding({ model, runtime, isMultiNode })
    if (finding) rejected.push({ runtime: runtime.name, scope: runtime.scope, ...finding })
    else fit.push(runtime)
  }
  const [chosen, ...others] = fit.sort((a, b) => compare(a, b, model.modelFormat?.name ?? ''))
  if (!chosen) return { ok: false, reason: 'NoSupportingRuntime', message: nothingFits(model, rejected), rejected }
  const beaten = others.map((runtime) => ({
    runtime: runtime.name,
    scope: runtime.scope,
    ...beatenBy(chosen, runtime),
  }))
  return { ok: true, runtime: chosen, rejected: [...beaten, ...rejected], named: false }
}

function firstFinding(question: Question) {
  for (const check of automaticChecks) {
    const finding = check(question)
    if (finding) return finding
  }
  return undefined
}

function named(model: ModelSpec, name: string, runtimes: readonly Runtime[]): Choice {
  const runtime = runtimes.find((candidate) => candidate.name === name)
  if (!runtime) {
    const known = [...new Set(runtimes.map((candidate) => candidate.name))].join(', ') || 'none'
    const message = `There is no ServingRuntime or ClusterServingRuntime "${name}": create it, or choose one of: ${known}.`
    return { ok: false, reason: 'RuntimeNotRecognized', message, rejected: [] }
  }
  const question = { model, runtime, isMultiNode: false }
  const disabled = isDisabled(question)
  if (disabled) {
    const message = `Runtime "${name}" is disabled: enable it, or choose another in spec.predictor.model.runtime.`
    return {
      ok: false,
      reason: 'RuntimeDisabled',
      message,
      rejected: [{ runtime: name, scope: runtime.scope, ...disabled }],
    }
  }
  const finding = (model.protocolVersion === undefined ? undefined : lacksProtocol(question)) ?? lacksFormat(question)
  if (!finding) return { ok: true, runtime, rejected: [], named: true }
  const message = `Runtime "${name}" cannot run this model, because ${finding.message}: choose another in spec.predictor.model.runtime, or leave it out.`
  return {
    ok: false,
    reason: 'NoSupportingRuntime',
    message,
    rejected: [{ runtime: name, scope: runtime.scope, ...finding }],
  }
}

function nothingFits(model: ModelSpec, rejected: readonly Rejection[]): string {
  const why = rejected
    .filter((rejection) => rejection.reason !== 'Format')
    .map((rejection) => `${rejection.runtime} (${rejection.message})`)
  const what = `No runtime fits model format ${formatText(model)}`
  if (why.length > 0) return `${what}: ${why.join('; ')}. Change the model's fields, or install a runtime.`
  return `${what}: install a runtime that reads it, or correct spec.predictor.model.modelFormat.`
}

function formatText(model: ModelSpec): string {
  const { name = '', version } = model.modelFormat ?? {}
  return version === undefined ? `"${name}"` : `"${name}" version "${version}"`
}

/** Namespace before cluster; then priority for the format, protocol, the newest, the name: always a total order. */
function compare(a: Runtime, b: Runtime, format: string): number {
  if (a.scope !== b.scope) return a.scope === 'namespace' ? -1 : 1
  const priority = (priorityOf(b, format) ?? -1) - (priorityOf(a, format) ?? -1)
  if (priority !== 0) return priority
  const protocol = protocolRank(a) - protocolRank(b)
  if (protocol !== 0) return protocol
  if (a.created !== b.created) return a.created > b.created ? -1 : 1
  return a.name < b.name ? -1 : 1
}

function priorityOf(runtime: Runtime, format: string): number | undefined {
  return runtime.spec.supportedModelFormats?.find((supported) => supported.name === format)?.priority
}

const protocols = ['v1', 'v2', 'grpc-v1', 'grpc-v2']

/** Rank of the first protocol, in the order of `protocols`, that the runtime speaks. */
function protocolRank(runtime: Runtime): number {
  const ranks = (runtime.spec.protocolVersions ?? [])
    .map((protocol) => protocols.indexOf(protocol))
    .map((rank) => (rank < 0 ? protocols.length : rank))
  return ranks.length === 0 ? protocols.length : Math.min(...ranks)
}

/** The protocol that a service gets which asked for none. */
export function protocolOf(runtime: Runtime): string {
  return protocols[protocolRank(runtime)] ?? ''
}

function beatenBy(chosen: Runtime, loser: Runtime): Pick<Rejection, 'reason' | 'message'> {
  if (chosen.scope !== loser.scope)
    return { reason: 'Scope', message: `${chosen.name} is of the service's own namespace` }
  return { reason: 'Priority', message: `${chosen.name} comes before it by priority, protocol, age or name` }
}
