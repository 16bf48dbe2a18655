import { type Clock, sleep } from '@millrace/kube'
import type { AddressBook } from './address-book.ts'
import type { Pod } from './pod.ts'
import { makePrivateDirectory } from './pod-directory.ts'
import { markIntact } from './pod-marker.ts'
import type { PodRunnerTiming } from './pod-runner-timing.ts'
import { prepareVolumes, type VolumeContext } from './pod-volumes.ts'

export interface PreparationContext {
  readonly podDir: string
  readonly bootId: string | undefined
  readonly addresses: AddressBook
  readonly volumes: (podIP: string) => VolumeContext
  readonly clock: Clock
  readonly retry: PodRunnerTiming['retry']
  readonly signal: AbortSignal
  /** What is in the way, each time that something is. */
  readonly onObstacle: (message: string, isFinal: boolean) => void
}

export interface PreparedPod {
  readonly podIP: string
  readonly places: ReadonlyMap<string, string>
}

/** Gets the pod its address and volumes, however long that takes. Undefined when the signal aborts before. */
export async function preparePod(pod: Pod, context: PreparationContext): Promise<PreparedPod | undefined> {
  const { clock, signal, retry } = context
  let waitMs = retry.firstMs
  while (!signal.aborted) {
    const result = await tryOnce(pod, context)
    if ('places' in result) return result
    context.onObstacle(result.message, result.isFinal)
    // Nothing but another pod can change what is final: wait for the end of this one.
    await sleep(clock, result.isFinal ? 2 ** 31 - 1 : waitMs, signal)
    waitMs = Math.min(waitMs * 2, retry.maxMs)
  }
  return undefined
}

async function tryOnce(
  pod: Pod,
  context: PreparationContext,
): Promise<PreparedPod | { readonly message: string; readonly isFinal: boolean }> {
  try {
    const address = await context.addresses.take(pod)
    if ('message' in address) return { message: address.message, isFinal: false }
    await makePrivateDirectory(context.podDir)
    const volumes = await prepareVolumes(pod, context.volumes(address.ip))
    if (!volumes.ok) return volumes
    await markIntact(context.podDir, context.bootId)
    return { podIP: address.ip, places: volumes.places }
  } catch (error) {
    // A full disk, an API server that is away: the world may be better at the next try.
    return { message: error instanceof Error ? error.message : String(error), isFinal: false }
  }
}
