import {
  type Client,
  type Clock,
  type Informer,
  isKubeError,
  type KubeObject,
  type Resource,
  resources,
  startInformer,
} from '@millrace/kube'
import { isDeepStrictEqual } from 'node:util'
import { httpRoutes, knativeServices } from './optional-kinds.ts'
import { ignoreGone } from './simulated-node.ts'

/** Plays the controllers of an optional product, as long as it is installed. */
export interface StandIn {
  close(): Promise<void>
}

export interface StandInWorld {
  readonly client: Client
  readonly clock: Clock
  readonly random: () => number
}

const lookMs = 700

/** Accepts every route, as a gateway controller would. */
export function startGatewayStandIn(world: StandInWorld): StandIn {
  return follow(world, httpRoutes, async (route) => {
    const spec = Object(route['spec']) as { readonly parentRefs?: readonly object[] }
    const accepted = ['Accepted', 'ResolvedRefs'].map((type) => ({ type, status: 'True', reason: type, message: '' }))
    return {
      parents: (spec.parentRefs ?? []).map((parentRef) => ({
        parentRef,
        controllerName: 'simulated',
        conditions: accepted,
      })),
    }
  })
}

interface Revisions {
  count: number
  template: unknown
  readonly ready: string[]
}

interface KnativeSpec {
  readonly template: { readonly metadata?: KubeObject['metadata']; readonly spec: object }
  readonly traffic?: readonly {
    readonly latestRevision?: boolean
    readonly revisionName?: string
    readonly percent?: number
    readonly tag?: string
  }[]
}

/** Makes a revision of each new template with one pod in it, and sends traffic to it once that pod is ready. */
export function startKnativeStandIn(world: StandInWorld): StandIn {
  const { client, clock, random } = world
  const pods = startInformer(client, resources.pods, { clock, random })
  const known = new Map<string, Revisions>()
  const standIn = follow(world, knativeServices, async (service) => {
    const { uid = '', name = '', namespace = '', generation } = service.metadata
    const spec = service['spec'] as KnativeSpec
    const revisions = known.get(uid) ?? { count: 0, template: undefined, ready: [] }
    known.set(uid, revisions)
    if (!isDeepStrictEqual(revisions.template, spec.template)) {
      revisions.count++
      revisions.template = structuredClone(spec.template)
    }
    const latest = revisionName(name, revisions.count)
    const pod = pods.get({ namespace, name: `${latest}-pod` })
    // Refused while its account is missing: then the revision waits.
    if (!pod) await client.create(resources.pods, revisionPod(service, spec, latest)).catch(ignoreRefusal)
    const isReady = pod !== undefined && isPodReady(pod)
    if (isReady && !revisions.ready.includes(latest)) revisions.ready.push(latest)
    return knativeStatus({ name, namespace, generation, spec, latest, ready: revisions.ready.at(-1) })
  })
  pods.onChange(standIn.changed)
  return {
    close: async () => {
      await standIn.close()
      await pods.stop()
    },
  }
}

const revisionName = (service: string, count: number): string => `${service}-${String(count).padStart(5, '0')}`

function revisionPod(service: KubeObject, spec: KnativeSpec, revision: string): KubeObject {
  const { name = '', namespace = '', uid = '' } = service.metadata
  const owner = { apiVersion: service.apiVersion, kind: service.kind, name, uid, controller: true }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${revision}-pod`,
      namespace,
      labels: {
        ...spec.template.metadata?.labels,
        'serving.knative.dev/service': name,
        'serving.knative.dev/revision': revision,
      },
      annotations: { ...spec.template.metadata?.annotations },
      ownerReferences: [owner],
    },
    spec: podSpecOf(spec.template.spec),
  }
}

/** Without what only Knative understands, and with the name that it gives to a container without one. */
function podSpecOf(spec: object): object {
  const { containerConcurrency: _c, timeoutSeconds: _t, containers, ...pod } = spec as RevisionSpec
  return { ...pod, containers: containers.map((container) => ({ name: 'user-container', ...container })) }
}

interface RevisionSpec {
  readonly containerConcurrency?: number
  readonly timeoutSeconds?: number
  readonly containers: readonly object[]
}

interface KnativeFacts {
  readonly name: string
  readonly namespace: string
  readonly generation: number | undefined
  readonly spec: KnativeSpec
  readonly latest: string
  /** The newest revision that is ready. */
  readonly ready: string | undefined
}

function knativeStatus({ name, namespace, generation, spec, latest, ready }: KnativeFacts): object {
  const url = `http://${name}-${namespace}.example.com`
  const isDone = ready === latest
  const waiting = { status: 'Unknown', reason: 'Deploying', message: `Waiting for revision ${latest} to become ready.` }
  const state = (type: string, isTrue: boolean) => ({ type, ...(isTrue ? { status: 'True' } : waiting) })
  const traffic = (spec.traffic ?? [{ latestRevision: true, percent: 100 }]).map((target) => ({
    ...target,
    ...(target.latestRevision === true && ready !== undefined ? { revisionName: ready } : {}),
  }))
  return {
    observedGeneration: generation,
    conditions: [
      state('ConfigurationsReady', isDone),
      state('RoutesReady', ready !== undefined),
      state('Ready', isDone),
    ],
    latestCreatedRevisionName: latest,
    ...(ready === undefined ? {} : { latestReadyRevisionName: ready, traffic }),
    url,
    address: { url: `http://${name}.${namespace}.svc.cluster.local` },
  }
}

function isPodReady(pod: KubeObject): boolean {
  const conditions = Object(pod['status']).conditions as readonly { type: string; status: string }[] | undefined
  return conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}

function ignoreRefusal(error: unknown): void {
  if (isKubeError(error, 'AlreadyExists') || isKubeError(error, 'Forbidden')) return
  ignoreGone(error)
}

/** Looks at the objects a moment after something changed, and writes the status that comes of it where it is another one. */
function follow(
  { client, clock, random }: StandInWorld,
  resource: Resource,
  statusOf: (object: KubeObject) => Promise<object>,
): StandIn & { readonly changed: () => void } {
  const informer: Informer = startInformer(client, resource, { clock, random })
  let isClosed = false
  let isDue = false
  let running: Promise<void> = Promise.resolve()
  const look = async (): Promise<void> => {
    for (const object of informer.list()) {
      if (object.metadata.deletionTimestamp !== undefined) continue
      const status = await statusOf(object)
      if (isDeepStrictEqual(JSON.parse(JSON.stringify(status)), object['status'])) continue
      await client
        .replace(resource, { ...object, status }, { subresource: 'status' })
        .then((stored) => informer.remember(stored))
        .catch(ignoreGone)
    }
  }
  const changed = (): void => {
    if (isDue) return
    isDue = true
    clock.setTimeout(() => {
      isDue = false
      if (!isClosed) running = running.then(look)
    }, lookMs)
  }
  informer.onChange(changed)
  return {
    changed,
    close: async () => {
      isClosed = true
      await running
      await informer.stop()
    },
  }
}
