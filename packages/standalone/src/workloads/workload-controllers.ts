import {
  type Client,
  type Clock,
  createInformers,
  createWorkQueue,
  type Informer,
  type InformerSet,
  isKubeError,
  keyOf,
  keyOfObject,
  type KubeObject,
  type Log,
  nameOfKey,
  type ObjectName,
  type ProcessResult,
  resources,
  silentLog,
  systemClock,
  type WorkQueue,
} from '@millrace/kube'
import { controllerOf, type Deployment, type Pod, type ReplicaSet } from './apps.ts'
import { confirmCopy } from './confirm-copy.ts'
import { reconcileAutoscaler } from './autoscaler-controller.ts'
import type { Autoscaler, PodUsage } from './autoscaler-plan.ts'
import { reconcileDeployment } from './deployment-controller.ts'
import { reconcileEndpointSlices } from './endpoint-slice-controller.ts'
import { type Service, serviceNameLabel } from './endpoint-slices.ts'
import { startGarbageCollector } from './start-garbage-collector.ts'
import { reconcileReplicaSet } from './replica-set-controller.ts'

export interface WorkloadOptions {
  readonly clock?: Clock
  /** Spreads retries and watches. */
  readonly random?: () => number
  readonly log?: Log
  /** What each pod uses now, by uid; without it autoscalers only keep their bounds. */
  readonly podUsage?: () => Promise<ReadonlyMap<string, PodUsage>>
}

export interface WorkloadControllers {
  /** Resolves when every controller has its first state. */
  readonly synced: Promise<void>
  close(): Promise<void>
}

/** How often autoscalers look, as kube-controller-manager does; the first time as soon as pods can have been measured. */
const autoscaleEveryMs = 15_000
const autoscaleFirstMs = 3000

/** Deployments, ReplicaSets, EndpointSlices, HorizontalPodAutoscalers and garbage collection, through the API alone. */
export function startWorkloadControllers(client: Client, options: WorkloadOptions = {}): WorkloadControllers {
  const { clock = systemClock, random = Math.random, log = silentLog } = options
  const informers = createInformers(client, { clock, random, log })
  const world = startInformers(informers)
  const now = (): Date => new Date(clock.now())
  const queues = startQueues(client, world, { clock, random, log, now })
  const stopAutoscaling = startAutoscaling(client, informers, world, { ...options, clock, log })
  const garbage = startGarbageCollector(client, { clock, random, log })
  return {
    synced: Promise.all([informers.synced, garbage.synced]).then(() => undefined),
    async close() {
      stopAutoscaling()
      await Promise.all([...queues.map((queue) => queue.close()), garbage.close()])
      await informers.close()
    },
  }
}

interface World {
  readonly deployments: Informer<Deployment>
  readonly replicaSets: Informer<ReplicaSet>
  readonly pods: Informer<Pod>
  readonly services: Informer<Service>
  readonly slices: Informer
}

const ownerIndex = { owner: (object: Parameters<typeof controllerOf>[0]) => [controllerOf(object)?.uid ?? ''] }

function startInformers(informers: InformerSet): World {
  return {
    deployments: informers.informer<Deployment>(resources.deployments),
    replicaSets: informers.informer<ReplicaSet>(resources.replicaSets, { indexers: ownerIndex }),
    pods: informers.informer<Pod>(resources.pods, { indexers: ownerIndex }),
    services: informers.informer<Service>(resources.services),
    slices: informers.informer(resources.endpointSlices, {
      indexers: {
        service: (slice) => [`${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`],
      },
    }),
  }
}

interface Shell {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly now: () => Date
}

function startQueues(client: Client, world: World, { clock, random, log, now }: Shell): readonly WorkQueue[] {
  const shared = { clock, random, log }
  const deployments = createWorkQueue({
    ...shared,
    name: 'deployment',
    process: (key) => {
      const name = nameOfKey(key)
      const run = async () => again(await reconcileDeployment({ client, now, ...world }, name))
      return unlessStale(run, async () => {
        const deployment = await confirm(client, world.deployments, name)
        const sets = deployment ? world.replicaSets.by('owner', deployment.metadata.uid ?? '') : []
        for (const set of sets) await confirmCopy(client, world.replicaSets, set)
      })
    },
  })
  const asked = new Map<string, number>()
  const replicaSets = createWorkQueue({
    ...shared,
    name: 'replicaset',
    process: (key) => {
      const name = nameOfKey(key)
      const run = async () => again(await reconcileReplicaSet({ client, now, asked, ...world }, name))
      return unlessStale(run, () => confirm(client, world.replicaSets, name))
    },
  })
  /** Services whose slices somebody deleted. */
  const doubtful = new Set<string>()
  const slices = createWorkQueue({
    ...shared,
    name: 'endpointslice',
    process: async (key) => {
      const name = nameOfKey(key)
      if (doubtful.has(key)) await confirm(client, world.services, name)
      doubtful.delete(key)
      await reconcileEndpointSlices({ client, ...world }, name)
    },
  })
  world.deployments.onChange(({ object }) => deployments.add(keyOfObject(object)))
  world.replicaSets.onChange(({ object }) => {
    replicaSets.add(keyOfObject(object))
    addController(deployments, object, 'Deployment')
  })
  world.pods.onChange((change) => {
    const { object } = change
    if (change.type === 'deleted') asked.delete(object.metadata.uid ?? '')
    addController(replicaSets, object, 'ReplicaSet')
    const set = controllerOf(object)
    const owner = set && world.replicaSets.get({ namespace: object.metadata.namespace ?? '', name: set.name })
    // A Deployment that recreates waits for the last old pod, which changes no ReplicaSet's spec.
    if (owner && change.type === 'deleted') addController(deployments, owner, 'Deployment')
    addServicesOf(world.services, slices, object)
    if (change.type === 'updated') addServicesOf(world.services, slices, change.previous)
  })
  world.services.onChange(({ object }) => slices.add(keyOfObject(object)))
  world.slices.onChange(({ type, object }) => {
    const service = object.metadata.labels?.[serviceNameLabel]
    if (service === undefined) return
    const key = `${object.metadata.namespace}/${service}`
    if (type === 'deleted') doubtful.add(key)
    slices.add(key)
  })
  const queues = [deployments, replicaSets, slices]
  // Decisions from half a picture would create pods that exist already.
  const all = [world.deployments, world.replicaSets, world.pods, world.services, world.slices]
  void Promise.all(all.map((informer) => informer.synced)).then(() => queues.forEach((queue) => queue.start()))
  return queues
}

const again = ({ againMs }: { readonly againMs?: number }): { readonly requeueAfterMs?: number } =>
  againMs === undefined ? {} : { requeueAfterMs: againMs }

/** A conflict is no failure: the next look comes after this long. */
const staleMs = 20

/** A conflict, or that the object is gone, says that our copy is old: it is brought up to date, and looked at once more. */
async function unlessStale(
  work: () => Promise<ProcessResult>,
  refresh: () => Promise<unknown>,
): Promise<ProcessResult> {
  try {
    return await work()
  } catch (error) {
    if (!isKubeError(error, 'Conflict') && !isKubeError(error, 'NotFound')) throw error
    await refresh()
    return { requeueAfterMs: staleMs }
  }
}

async function confirm<T extends KubeObject>(
  client: Client,
  informer: Informer<T>,
  name: ObjectName,
): Promise<T | undefined> {
  const known = informer.get(name)
  return known && confirmCopy(client, informer, known)
}

function addController(queue: WorkQueue, object: Parameters<typeof controllerOf>[0], kind: string): void {
  const owner = controllerOf(object)
  if (owner?.kind === kind) queue.add(keyOf({ namespace: object.metadata.namespace ?? '', name: owner.name }))
}

function addServicesOf(services: Informer<Service>, queue: WorkQueue, pod: Pod): void {
  const labels = pod.metadata.labels ?? {}
  for (const service of services.list(pod.metadata.namespace)) {
    const selector = Object.entries(service.spec.selector ?? {})
    if (selector.length > 0 && selector.every(([key, value]) => labels[key] === value)) queue.add(keyOfObject(service))
  }
}

function startAutoscaling(
  client: Client,
  informers: InformerSet,
  world: World,
  options: Required<Pick<WorkloadOptions, 'clock' | 'log'>> & WorkloadOptions,
): () => void {
  const { clock, log } = options
  const autoscalers = informers.informer<Autoscaler>(resources.horizontalPodAutoscalers)
  const history = new Map()
  const usage = options.podUsage ?? (async () => new Map<string, PodUsage>())
  let isStopped = false
  let cancel = (): void => {}
  const look = async (): Promise<void> => {
    const measured = autoscalers.list().length === 0 ? new Map<string, PodUsage>() : await usage()
    for (const autoscaler of autoscalers.list()) {
      const name = nameOfKey(keyOfObject(autoscaler))
      try {
        await reconcileAutoscaler(
          { client, autoscalers, pods: world.pods, usage, now: () => new Date(clock.now()), history },
          name,
          measured,
        )
      } catch (error) {
        log.warn('an autoscaler could not be looked at', {
          autoscaler: keyOf(name),
          error: error instanceof Error ? error.message : String(error),
        })
      }
    }
  }
  const schedule = (afterMs: number): void => {
    if (isStopped) return
    cancel = clock.setTimeout(() => {
      look()
        .catch((error: unknown) =>
          log.warn('pod usage could not be read', { error: error instanceof Error ? error.message : String(error) }),
        )
        .finally(() => schedule(autoscaleEveryMs))
    }, afterMs)
  }
  schedule(autoscaleFirstMs)
  return () => {
    isStopped = true
    cancel()
  }
}
