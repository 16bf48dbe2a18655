import { resources as serving } from '@millrace/api'
import { type Client, type KubeObject, keyOfObject, sleep, startInformer, systemClock } from '@millrace/kube'
import type { Progress } from './progress.ts'

export interface ReadyOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly progress: Progress
}

export interface Readiness {
  readonly ready: readonly KubeObject[]
  /** What failed, or did not become ready in time: `namespace/name: why`. */
  readonly notReady: readonly string[]
}

interface Status {
  readonly observedGeneration?: number
  readonly conditions?: readonly {
    readonly type: string
    readonly status: string
    readonly reason?: string
    readonly message?: string
  }[]
  readonly modelStatus?: { readonly transitionStatus?: string }
}

/** Waits until each service is Ready for its own generation, or is known to fail, or time is up. */
export async function waitUntilReady(
  client: Client,
  services: readonly KubeObject[],
  options: ReadyOptions,
): Promise<Readiness> {
  const latest = new Map(services.map((service) => [keyOfObject(service), service]))
  const informer = startInformer(client, serving.inferenceServices)
  const settled = Promise.withResolvers<void>()
  informer.onChange(({ object, type }) => {
    if (type === 'deleted' || !latest.has(keyOfObject(object))) return
    latest.set(keyOfObject(object), object)
    const waiting = [...latest.values()].filter((service) => !isReady(service) && !hasFailed(service))
    const count = [...latest.values()].filter(isReady).length
    options.progress.detail(`${count} of ${latest.size} ready; ${waiting.slice(0, 3).map(describe).join('; ')}`)
    if (waiting.length === 0) settled.resolve()
  })
  const timer = new AbortController()
  const limit = AbortSignal.any([options.signal, timer.signal])
  if (services.length > 0) await Promise.race([settled.promise, sleep(systemClock, options.timeoutMs, limit)])
  timer.abort()
  await informer.stop()
  const last = [...latest.values()]
  return {
    ready: last.filter(isReady),
    notReady: last
      .filter((service) => !isReady(service))
      .map((service) => `${service.metadata.namespace}/${describe(service)}`),
  }
}

// The status is the controller's own writing, checked by the CRD's schema.
const statusOf = (service: KubeObject): Status => (service.status ?? {}) as Status

const readyCondition = (service: KubeObject): NonNullable<Status['conditions']>[number] | undefined =>
  statusOf(service).conditions?.find((condition) => condition.type === 'Ready')

function isSeen(service: KubeObject): boolean {
  return statusOf(service).observedGeneration === service.metadata.generation
}

function isReady(service: KubeObject): boolean {
  return isSeen(service) && readyCondition(service)?.status === 'True'
}

/** It is tried again, but nothing will change by itself. */
function hasFailed(service: KubeObject): boolean {
  const transition = statusOf(service).modelStatus?.transitionStatus
  return isSeen(service) && (transition === 'BlockedByFailedLoad' || transition === 'InvalidSpec')
}

function describe(service: KubeObject): string {
  const condition = readyCondition(service)
  const why = condition?.message ?? condition?.reason ?? 'no status yet'
  return `${service.metadata.name}: ${why.split('\n', 1)[0] ?? ''}`
}
