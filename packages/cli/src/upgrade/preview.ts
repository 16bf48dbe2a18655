import {
  checkObject,
  type CustomResourceDefinition,
  droppedFields,
  formatFinding,
  group,
  type KindSource,
  kinds,
  withoutNulls,
} from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { type Capabilities, render, type RenderInput } from '@millrace/render'
import { worldNarrower } from '../cluster/narrow-world.ts'
import { counted } from '../counted.ts'
import type { Manifest } from '../manifest-files.ts'
import { offlineWorld } from '../offline-world.ts'
import { differingFields, type FieldChange } from './differing-fields.ts'

export interface DefinitionChange {
  readonly name: string
  readonly change: 'new' | 'changed' | 'unknown'
  readonly message: string
  readonly lostVersions: readonly string[]
  /** `v1beta1 spec.explainer.alibi`: what it has and ours has not. */
  readonly droppedFields: readonly string[]
}

export interface ObjectTrouble {
  readonly object: string
  readonly severity: 'error' | 'warning'
  readonly message: string
}

export interface ServiceChange {
  readonly service: string
  /**
   * `rolls`: its pods are replaced once; `same`: nothing happens to them; `refused`: it cannot be rendered; `waits`: a graph
   * whose services are not ready; `absent`: nothing runs yet.
   */
  readonly outcome: 'rolls' | 'same' | 'refused' | 'waits' | 'absent'
  readonly why: string
  readonly changes: readonly FieldChange[]
}

export interface Preview {
  readonly definitions: readonly DefinitionChange[]
  readonly objects: readonly ObjectTrouble[]
  readonly services: readonly ServiceChange[]
}

/** What taking over from the controller that runs now would change, told from the objects as they are. */
export function previewUpgrade(objects: readonly KubeObject[], capabilities: Capabilities): Preview {
  return {
    definitions: definitionChanges(objects),
    objects: objectTroubles(objects),
    services: serviceChanges(objects, capabilities),
  }
}

function definitionChanges(objects: readonly KubeObject[]): readonly DefinitionChange[] {
  // Named by what Kubernetes calls them; the spec is as its own schema has it.
  const live = objects.filter(
    (object) => object.kind === 'CustomResourceDefinition' && (object.metadata.name ?? '').endsWith(`.${group}`),
  ) as readonly unknown[] as readonly CustomResourceDefinition[]
  if (live.length === 0) return []
  const ours = new Map(kinds.map((source) => [`${source.plural}.${group}`, source]))
  return [
    ...[...ours].map(([name, source]) => definitionChange(name, source, live)),
    ...live
      .filter(({ metadata }) => !ours.has(metadata.name))
      .map(({ metadata: { name } }): DefinitionChange => {
        const message = 'is not ours; it and its objects are left alone'
        return { name, change: 'unknown', message, lostVersions: [], droppedFields: [] }
      }),
  ]
}

function definitionChange(
  name: string,
  source: KindSource,
  live: readonly CustomResourceDefinition[],
): DefinitionChange {
  const served = source.versions
    .filter((version) => version.served && !version.isPreview)
    .map((version) => version.name)
  const found = live.find(({ metadata }) => metadata.name === name)
  if (!found) {
    const message = `would be installed, serving ${served.join(', ')}`
    return { name, change: 'new', message, lostVersions: [], droppedFields: [] }
  }
  const lostVersions = found.spec.versions
    .filter((version) => version.served && !served.includes(version.name))
    .map((version) => version.name)
  const dropped = droppedFields(source, found)
  const parts = [
    lostVersions.length > 0 ? `would no longer serve ${lostVersions.join(', ')}: move clients first` : '',
    dropped.length > 0 ? `would no longer have ${dropped.join(', ')}` : '',
  ].filter(Boolean)
  const message = parts.length > 0 ? parts.join('; ') : `would be replaced in place; it serves ${served.join(', ')}`
  return { name, change: 'changed', message, lostVersions, droppedFields: dropped }
}

function objectTroubles(objects: readonly KubeObject[]): readonly ObjectTrouble[] {
  return objects
    .filter((object) => object.apiVersion.startsWith(`${group}/`))
    .flatMap((object) =>
      checkObject(asWritten(object)).map((finding) => ({
        object: nameOf(object),
        severity: finding.severity,
        message: formatFinding(finding),
      })),
    )
}

/** Without what a server adds: it is about what people wrote. */
function asWritten(object: KubeObject): unknown {
  const { status: _, metadata, ...rest }: KubeObject & { status?: unknown } = object
  const { managedFields: _m, ...written } = metadata
  return withoutNulls({ ...rest, metadata: written })
}

function serviceChanges(objects: readonly KubeObject[], capabilities: Capabilities): readonly ServiceChange[] {
  const manifests: Manifest[] = objects.map((object) => ({
    object,
    positionOf: () => ({ file: nameOf(object), line: 1, column: 1 }),
  }))
  const world = offlineWorld(manifests, 'default', capabilities)
  const [first] = world.services
  const narrowed = first ? worldNarrower(world.inputFor(first.object).world) : (input: RenderInput) => input
  const live = liveObjects(objects)
  return world.services.map(({ object }) => {
    const service = nameOf(object)
    const result = render(narrowed(world.inputFor(object)))
    if (result.ok) return { service, ...rolloutOf(result.objects, live) }
    const { reason, message } = result.problem
    const outcome = reason === waitingReason ? 'waits' : 'refused'
    return { service, outcome, why: `${reason}: ${message}`, changes: [] }
  })
}

/** What runs, by where it is: of ten thousand services each would look through all others. */
interface LiveObjects {
  readonly find: (wanted: KubeObject) => KubeObject | undefined
  readonly podsIn: (namespace: string | undefined) => readonly KubeObject[]
}

function liveObjects(objects: readonly KubeObject[]): LiveObjects {
  const identityOf = (object: KubeObject) => `${object.apiVersion} ${nameOf(object)}`
  const byIdentity = new Map(objects.toReversed().map((object) => [identityOf(object), object]))
  const pods = Map.groupBy(
    objects.filter(({ kind }) => kind === 'Pod'),
    ({ metadata }) => metadata.namespace,
  )
  return {
    find: (wanted) => byIdentity.get(identityOf(wanted)),
    podsIn: (namespace) => pods.get(namespace) ?? [],
  }
}

/** What becomes of the pods of one service. */
function rolloutOf(wanted: readonly KubeObject[], objects: LiveObjects): Omit<ServiceChange, 'service'> {
  const workloads = wanted.flatMap((object) => {
    const template = podTemplateOf(object)
    const live = objects.find(object)
    return template === undefined || !live ? [] : [{ name: `${object.kind} ${object.metadata.name}`, template, live }]
  })
  if (workloads.length === 0) return { outcome: 'absent', why: 'nothing of it is among the objects given', changes: [] }
  const rolling = workloads.flatMap(({ name, template, live }) => {
    const changes = differingFields(template, podTemplateOf(live), name)
    if (changes.length === 0) return []
    const pod = podOf(live, objects)
    return [{ changes, inPod: pod && differingFields(template, pod, name) }]
  })
  if (rolling.length === 0) return { outcome: 'same', why: 'its pods stay as they are', changes: [] }
  // Against the pods it is what people will see; without them, against what makes them.
  const changes = rolling.flatMap(({ changes: inTemplate, inPod }) => inPod ?? inTemplate)
  if (changes.length === 0) return { outcome: 'rolls', why: sameAgain, changes }
  const count = `${counted(changes.length, 'field')} of its pods would change`
  const isSeen = rolling.every(({ inPod }) => inPod)
  return { outcome: 'rolls', why: isSeen ? count : `${count}, ${asFarAsTold}`, changes }
}

const waitingReason = 'ServiceNotReady'
const sameAgain =
  "once, to pods of the same content: what KServe's webhook puts into each pod stands in the template here"
const asFarAsTold = "or fewer: what KServe's webhook puts into pods shows only where pods are given too"

/** A pod that runs for a workload. The name of a Knative Service is a label of its pods. */
function podOf(workload: KubeObject, objects: LiveObjects): KubeObject | undefined {
  const { name, namespace } = workload.metadata
  const selector: unknown = Object(Object(workload['spec']).selector).matchLabels
  const wanted = Object.entries(Object(selector ?? { 'serving.knative.dev/service': name }))
  return objects
    .podsIn(namespace)
    .find(
      ({ metadata }) =>
        metadata.deletionTimestamp === undefined &&
        wanted.every(([label, value]) => metadata.labels?.[label] === value),
    )
}

function podTemplateOf(object: KubeObject): unknown {
  const spec = object.spec
  return typeof spec === 'object' && spec !== null && 'template' in spec ? spec.template : undefined
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name ?? ''}`
}
