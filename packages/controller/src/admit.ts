import { isDeepStrictEqual } from 'node:util'
import {
  type CheckContext,
  checkObject,
  type ClusterConfig,
  convertObject,
  formatFinding,
  formatRefusal,
  inWordsOf,
  type ServingRuntime,
} from '@millrace/api'
import type { AdmissionAnswer, AdmissionRequest, KubeObject } from '@millrace/kube'
import { type Capabilities, type Knative, render, type RenderResult } from '@millrace/render'
import { type GatherSources, gather } from './gather.ts'
import { primaryResources } from './watched-kinds.ts'

export interface AdmitContext {
  readonly sources: GatherSources
  readonly config: () => ClusterConfig
  readonly capabilities: () => Capabilities
  readonly knative: () => Knative
  readonly controllerNamespace: string
  /** Objects of a kind that are known: priorities and sources must differ among them. */
  readonly known: (kind: string, namespace: string | undefined) => readonly KubeObject[]
}

/** The API server waits ten seconds for us; what we ask of it must be back before. */
const gatherMsMax = 5_000

/**
 * Refuses what is wrong by itself, with every reason at once; warns of what will not do what its writer thinks. What depends on
 * the cluster (a runtime that is yet to come) is admitted, and told in the status.
 */
export async function admit(context: AdmitContext, request: AdmissionRequest): Promise<AdmissionAnswer> {
  const { object, oldObject, operation } = request
  if (!object || operation === 'DELETE' || operation === 'CONNECT') return { allowed: true }
  if (oldObject && isSameWish(oldObject, object)) return { allowed: true }
  const findings = checkObject(asWritten(object), checkContext(context, object, oldObject))
  const errors = findings.filter(({ severity }) => severity === 'error')
  const warnings = findings.filter(({ severity }) => severity === 'warning').map(formatFinding)
  if (errors.length > 0) return refusal(errors.map(formatRefusal).join('; '), warnings)
  if (!primaryResources.some(({ kind }) => kind === object.kind)) return { allowed: true, warnings }
  const { config, controllerNamespace } = { ...context, config: context.config() }
  // Defaulting gives a namespace to what is created without one; it stands in the request.
  const service = withNamespace(asStored(object), request.namespace)
  const { world } = await gather(
    context.sources,
    { service, config, controllerNamespace },
    AbortSignal.timeout(gatherMsMax),
  )
  const renderOne = (wanted: KubeObject) =>
    render({
      service: wanted,
      world,
      children: [],
      config,
      capabilities: context.capabilities(),
      knative: context.knative(),
      controllerNamespace,
    })
  const rendered = renderOne(service)
  const before = oldObject && renderOne(withNamespace(asStored(oldObject), request.namespace))
  const worse = newRefusals(rendered, before).map((sentence) => inWordsOf(object, sentence))
  if (worse.length > 0) return refusal(worse.join('; '), warnings)
  const told = sentencesOf(rendered).map((sentence) => inWordsOf(object, sentence))
  return { allowed: true, warnings: [...new Set([...warnings, ...told])] }
}

/** What admission refuses of what rendering found. What was so before an update stays, and is told. */
function newRefusals(rendered: RenderResult, before: RenderResult | undefined): readonly string[] {
  const known = before ? refusalsOf(before) : []
  return refusalsOf(rendered).filter((sentence) => !known.includes(sentence))
}

function refusalsOf(rendered: RenderResult): readonly string[] {
  const problems = !rendered.ok && rendered.problem.refusable ? [rendered.problem] : []
  const decisions = rendered.decisions.filter(({ refusable }) => refusable)
  return [...problems, ...decisions].map(({ path, message }) => (path === undefined ? message : `${path}: ${message}`))
}

/** What is worth to know right away. That something is still to become ready is not. */
function sentencesOf(rendered: RenderResult): readonly string[] {
  const decided = rendered.decisions.filter(({ level }) => level === 'warning').map(({ message }) => message)
  if (rendered.ok || rendered.problem.reason.endsWith('NotReady')) return decided
  return [...decided, rendered.problem.message]
}

function refusal(message: string, warnings: readonly string[]): AdmissionAnswer {
  return { allowed: false, code: 422, reason: 'Invalid', message, warnings }
}

function checkContext(context: AdmitContext, object: KubeObject, old: KubeObject | undefined): CheckContext {
  const config = context.config()
  const siblings = (): unknown => context.known(object.kind, object.metadata.namespace)
  return {
    ...(old && { old }),
    defaultDeploymentMode: config.deploy.defaultDeploymentMode,
    gpuResourceTypes: config.multiNode.customGPUResourceTypeList,
    ...(object.kind.endsWith('ServingRuntime') && { runtimes: siblings() as ServingRuntime[] }),
    ...(object.kind.startsWith('LocalModel') && { caches: siblings() as NonNullable<CheckContext['caches']> }),
  }
}

/** Labels, finalizers, owners and status may change on an object that today's rules would refuse: it must be possible to delete it. */
function isSameWish(old: KubeObject, object: KubeObject): boolean {
  if (object.metadata.deletionTimestamp !== undefined) return true
  return (
    isDeepStrictEqual(old['spec'], object['spec']) &&
    isDeepStrictEqual(old.metadata.annotations, object.metadata.annotations)
  )
}

/** In the version that rendering reads; what is written in another one has been found right by now. */
function asStored(object: KubeObject): KubeObject {
  const resource = primaryResources.find(({ kind }) => kind === object.kind)
  const converted = convertObject(object, `${resource?.group}/${resource?.version}`)
  return converted.ok ? (converted.object as KubeObject) : object
}

/** What the server filled in is not the user's. */
function asWritten(object: KubeObject): Record<string, unknown> {
  const { status: _status, ...written } = object
  const {
    uid: _uid,
    generation: _g,
    creationTimestamp: _c,
    managedFields: _m,
    resourceVersion: _r,
    ...metadata
  } = object.metadata
  return { ...written, metadata }
}

function withNamespace(object: KubeObject, namespace: string | undefined): KubeObject {
  if (object.metadata.namespace !== undefined || namespace === undefined) return object
  return { ...object, metadata: { ...object.metadata, namespace } }
}
