import { type Client, type Clock, isKubeError, type KubeObject, resources, startInformer } from '@millrace/kube'
import type { SeededRandom } from '@millrace/testkit'

export interface SimulatedNode {
  /** Pods that match become unready while this holds, as if their server hung. */
  setSick(isSick: (pod: KubeObject) => boolean): void
  close(): Promise<void>
}

interface Pod extends KubeObject {
  spec: {
    readonly nodeName?: string
    readonly initContainers?: readonly Container[]
    readonly containers: readonly Container[]
  }
  status?: { readonly phase?: string }
}

interface Container {
  readonly name: string
  readonly image?: string
  readonly args?: readonly string[]
}

type Verdict = 'fine' | 'no image' | 'no model'

const scheduleMs = 100
const downloadMs = 500
/** A server takes this long to load its model, up to four times as long. */
const loadMs = 1_000
const endMs = 1_500

/**
 * One node on which pods become ready after a while, unless what they run cannot be had: an image with the tag `missing`,
 * a model below `/missing/`. It never fails to reach the API server; its time is the simulation's.
 */
export function startSimulatedNode(client: Client, clock: Clock, random: SeededRandom): SimulatedNode {
  const known = new Map<string, Pod>()
  let isSick: (pod: KubeObject) => boolean = () => false
  let address = 1
  let isClosed = false
  const after = (ms: number, step: () => Promise<unknown>): void => {
    clock.setTimeout(() => {
      if (!isClosed) void step().catch(ignoreGone)
    }, ms)
  }
  const write = async (pod: Pod, status: object): Promise<void> => {
    if (!known.has(uidOf(pod))) return
    await client.patch(resources.pods, placeOf(pod), 'merge', { status }, { subresource: 'status' })
  }
  const schedule = async (pod: Pod): Promise<void> => {
    const target = { apiVersion: 'v1', kind: 'Node', name: 'simulated' }
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { ...placeOf(pod), uid: uidOf(pod) }, target }
    await client.create(resources.pods, binding, { subresource: 'binding' })
    const podIP = `10.0.${address >> 8}.${address++ & 255}`
    await write(pod, { ...pending(pod), podIP, podIPs: [{ ip: podIP }] })
    const verdict = verdictOf(pod)
    after(downloadMs, async () => {
      if (verdict !== 'fine') return write(pod, failing(pod, verdict))
      after(loadMs * (1 + random.below(4)), () => write(pod, running(pod, !isSick(pod), clock.now())))
    })
  }
  const informer = startInformer<Pod>(client, resources.pods, { clock, random: random.next })
  informer.onChange((change) => {
    const pod = change.object
    if (change.type === 'deleted') return void known.delete(uidOf(pod))
    const isNew = !known.has(uidOf(pod))
    const isEnding = pod.metadata.deletionTimestamp !== undefined
    const wasEnding = known.get(uidOf(pod))?.metadata.deletionTimestamp !== undefined
    known.set(uidOf(pod), pod)
    if (isNew && !isEnding && pod.spec.nodeName === undefined) after(scheduleMs, () => schedule(pod))
    if (isEnding && !wasEnding) {
      const preconditions = { uid: uidOf(pod) }
      after(endMs, () => client.delete(resources.pods, placeOf(pod), { gracePeriodSeconds: 0, preconditions }))
    }
  })
  return {
    setSick: (next) => {
      isSick = next
      for (const pod of known.values()) {
        const isUp = pod.status?.phase === 'Running' && pod.metadata.deletionTimestamp === undefined
        if (isUp) after(0, () => write(pod, running(pod, !isSick(pod), clock.now())))
      }
    },
    close: async () => {
      isClosed = true
      await informer.stop()
    },
  }
}

/** What a pod's containers say of themselves before anybody runs them. */
function verdictOf({ spec, metadata }: Pod): Verdict {
  const { initContainers = [], containers } = spec
  // In Knative mode the download is noted on the pod, and a webhook makes a container of it.
  const noted = Object.values(metadata.annotations ?? {})
  if (noted.some((value) => value.includes('/missing/'))) return 'no model'
  if (initContainers.some(({ args = [] }) => args.some((arg) => arg.includes('/missing/')))) return 'no model'
  return containers.some(({ image }) => image?.endsWith(':missing')) ? 'no image' : 'fine'
}

function pending(pod: Pod): object {
  return {
    phase: 'Pending',
    conditions: [condition('PodScheduled', true), condition('Ready', false), condition('ContainersReady', false)],
    containerStatuses: pod.spec.containers.map((container) => ({
      ...containerStatus(container, false),
      state: { waiting: { reason: 'PodInitializing' } },
    })),
  }
}

function failing(pod: Pod, verdict: 'no image' | 'no model'): object {
  const waiting = { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } }
  const ended = { exitCode: 1, reason: 'Error', message: 'HTTP 404: no such model' }
  const crashed = { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: ended } }
  const { initContainers = [], containers } = pod.spec
  if (verdict === 'no model')
    return {
      ...pending(pod),
      initContainerStatuses: initContainers.map((container) => ({
        ...containerStatus(container, false),
        restartCount: 1,
        ...crashed,
      })),
    }
  return {
    ...pending(pod),
    containerStatuses: containers.map((container) => ({ ...containerStatus(container, false), state: waiting })),
  }
}

function running(pod: Pod, isReady: boolean, nowMs: number): object {
  const startedAt = `${new Date(nowMs).toISOString().slice(0, 19)}Z`
  return {
    phase: 'Running',
    conditions: [
      condition('PodScheduled', true),
      condition('Ready', isReady, startedAt),
      condition('ContainersReady', isReady, startedAt),
    ],
    containerStatuses: pod.spec.containers.map((container) => ({
      ...containerStatus(container, isReady),
      state: { running: { startedAt } },
    })),
  }
}

function condition(type: string, isTrue: boolean, lastTransitionTime?: string): object {
  return {
    type,
    status: isTrue ? 'True' : 'False',
    ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
  }
}

function containerStatus({ name, image = '' }: Container, isReady: boolean): object {
  return { name, image, imageID: '', ready: isReady, started: isReady, restartCount: 0 }
}

const uidOf = (pod: KubeObject): string => pod.metadata.uid ?? ''
const placeOf = ({ metadata: { namespace = '', name = '' } }: KubeObject) => ({ namespace, name })

/** Pods go away while one is about to write about them; everything else is a mistake of the simulation. */
export function ignoreGone(error: unknown): void {
  if (isKubeError(error, 'NotFound') || isKubeError(error, 'Conflict') || isKubeError(error, 'Aborted')) return
  throw error
}
