import { type ClusterConfig, configMapName } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { type Capabilities, isKnativeService, makesPods, render, type RenderInput } from '@millrace/render'
import { worldNarrower } from '../cluster/narrow-world.ts'
import type { Manifest } from '../manifest-files.ts'
import { configIn, configShipped, offlineWorld } from '../offline-world.ts'
import { type ChangedField, changedFields } from './changed-fields.ts'

export interface ChangedObject {
  /** `Deployment iris-predictor` */
  readonly object: string
  readonly change: 'changed' | 'new' | 'gone'
  /** Pods are made from it, and would be replaced. */
  readonly rolls: boolean
  readonly fields: readonly ChangedField[]
}

export interface ServiceEffect {
  /** `InferenceService team/iris` */
  readonly service: string
  /** `refused`: it could not be rendered any longer, and would stay as it is; `mended`: it could again. */
  readonly outcome: 'rolls' | 'changes' | 'refused' | 'mended'
  /** Why it is refused. */
  readonly why?: string
  readonly objects: readonly ChangedObject[]
}

export interface ConfigPreview {
  /** `ingress.ingressDomain`, as they are read: with defaults. */
  readonly settings: readonly ChangedField[]
  readonly services: readonly ServiceEffect[]
  readonly unchanged: number
  /** How many would replace their pods at a time; 0: all. */
  readonly atOnce: number
}

/** What a new configuration would do to services as they are given: each is rendered with both configurations. */
export function previewConfig(
  given: readonly KubeObject[],
  next: { readonly object: KubeObject; readonly config: ClusterConfig },
  options: { readonly namespace: string; readonly capabilities: Capabilities },
): ConfigPreview {
  const others = given.filter(({ kind, metadata }) => kind !== 'ConfigMap' || metadata.name !== configMapName)
  const current = given.find((object) => !others.includes(object))
  const namespace = current?.metadata.namespace ?? next.object.metadata.namespace
  const placed = {
    ...next.object,
    metadata: { ...next.object.metadata, ...(namespace !== undefined && { namespace }) },
  }
  const world = (config: KubeObject | undefined) =>
    offlineWorld([...others, ...(config ? [config] : [])].map(unplaced), options.namespace, options.capabilities)
  const [before, after] = [world(current), world(placed)]
  const owned = childrenByOwner(others)
  const [first] = before.services
  const narrowed = first ? worldNarrower(before.inputFor(first.object).world) : (input: RenderInput) => input
  const effects = before.services.map(({ object }) => {
    const own = owned.get(nameOf(object)) ?? []
    const service = inItsMode(narrowed(before.inputFor(object)))
    const input = narrowed(before.inputFor(service))
    const children = own.some(makesPods) ? own : [...own, ...atRest(input)]
    return effectOn(service, { ...input, children }, { ...narrowed(after.inputFor(service)), children })
  })
  const services = effects.filter((effect) => effect !== undefined)
  return {
    settings: changedFields(configIn(given)?.config ?? configShipped(), next.config),
    services,
    unchanged: effects.length - services.length,
    atOnce: next.config.rolloutWaves.services,
  }
}

function effectOn(service: KubeObject, before: RenderInput, after: RenderInput): ServiceEffect | undefined {
  const [was, is] = [render(before), render(after)]
  const name = nameOf(service)
  if (!is.ok) {
    const why = `${is.problem.reason}: ${is.problem.message}`
    const isSame = !was.ok && was.problem.reason === is.problem.reason && was.problem.message === is.problem.message
    return isSame ? undefined : { service: name, outcome: 'refused', why, objects: [] }
  }
  const objects = changedObjects(was.ok ? was.objects : [], is.objects)
  if (!was.ok) return { service: name, outcome: 'mended', objects }
  if (objects.length === 0) return undefined
  return { service: name, outcome: objects.some(({ rolls }) => rolls) ? 'rolls' : 'changes', objects }
}

function changedObjects(before: readonly KubeObject[], after: readonly KubeObject[]): readonly ChangedObject[] {
  const find = (all: readonly KubeObject[], object: KubeObject) =>
    all.find((other) => identity(other) === identity(object))
  const gone = before.filter((object) => !find(after, object))
  return [
    ...after.flatMap((object): ChangedObject[] => {
      const known = find(before, object)
      if (!known) return [{ object: titleOf(object), change: 'new', rolls: false, fields: [] }]
      const fields = changedFields(known, object)
      const rolls = makesPods(object) && fields.some(({ path }) => path.startsWith('spec.template'))
      return fields.length === 0 ? [] : [{ object: titleOf(object), change: 'changed', rolls, fields }]
    }),
    ...gone.map((object): ChangedObject => ({ object: titleOf(object), change: 'gone', rolls: false, fields: [] })),
  ]
}

/** What exists keeps the mode that it was made in, also where a file lacks the status that says so. */
function inItsMode(input: RenderInput): KubeObject {
  const { service } = input
  const status = Object(service['status']) as Readonly<Record<string, unknown>>
  if (service.kind !== 'InferenceService' || status['deploymentMode'] !== undefined) return service
  return { ...service, status: { ...status, deploymentMode: render(input).facts.mode } }
}

/** Routes and canaries follow what is ready: without live objects, workloads are taken as they would be at rest. */
function atRest(input: RenderInput): readonly KubeObject[] {
  const rendered = render(input)
  if (!rendered.ok) return []
  return rendered.objects.filter(makesPods).map((object) => {
    const replicas = Number(Object(object['spec']).replicas ?? 1)
    const counts = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas }
    const types = isKnativeService(object) ? ['Ready', 'ConfigurationsReady', 'RoutesReady'] : ['Available']
    const conditions = types.map((type) => ({ type, status: 'True' }))
    const url = `http://${object.metadata.name}.${object.metadata.namespace}.example.com`
    const status = { ...(isKnativeService(object) ? { url } : counts), conditions }
    return { ...object, status }
  })
}

/** By the owner's name: a dump may have lost its uids. */
function childrenByOwner(objects: readonly KubeObject[]): ReadonlyMap<string, readonly KubeObject[]> {
  const owned = new Map<string, KubeObject[]>()
  for (const object of objects) {
    const { ownerReferences = [], namespace } = object.metadata
    for (const { kind, name } of ownerReferences) {
      const owner = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
      const others = owned.get(owner)
      if (others) others.push(object)
      else owned.set(owner, [object])
    }
  }
  return owned
}

function unplaced(object: KubeObject): Manifest {
  return { object, positionOf: () => ({ file: nameOf(object), line: 1, column: 1 }) }
}

function identity(object: KubeObject): string {
  return `${object.apiVersion.split('/', 1)[0]} ${nameOf(object)}`
}

function titleOf(object: KubeObject): string {
  return `${isKnativeService(object) ? 'Knative Service' : object.kind} ${object.metadata.name}`
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name ?? ''}`
}
