import type { Clock, Log } from '@millrace/kube'
import type { ObjectSource } from './object-source.ts'
import { type Pod, podIdentity } from './pod.ts'
import { refreshVolume, type VolumeContext } from './pod-volumes.ts'
import { payloadObjects, payloadSources } from './volume-payload.ts'

const tokenCheckMs = 60_000

export interface VolumeFollower {
  /** Something that volumes show may have changed: labels and annotations, for the downward API. */
  refresh(): void
  stop(): void
}

/** Keeps the volumes that are made of API objects up to date while the pod runs. */
export function followVolumes(
  pod: Pod,
  context: () => VolumeContext,
  shared: { readonly objects: ObjectSource; readonly clock: Clock; readonly log: Log },
): VolumeFollower {
  const volumes = (pod.spec.volumes ?? []).filter((volume) => payloadSources(volume) !== undefined)
  const sources = volumes.flatMap((volume) => payloadSources(volume)?.sources ?? [])
  let isStopped = false
  let isWanted = false
  let running: Promise<void> | undefined
  let cancelTimer = () => {}

  async function refreshAll(): Promise<void> {
    while (isWanted && !isStopped) {
      isWanted = false
      for (const volume of volumes) {
        // A source that has been deleted leaves the files as they are, as the kubelet does.
        const problem = await refreshVolume(volume, context()).catch(String)
        if (problem !== undefined && !isStopped) {
          shared.log.warn('Could not bring a volume up to date', {
            pod: pod.metadata.name,
            volume: volume.name,
            problem,
          })
        }
      }
    }
  }

  function refresh(): void {
    if (volumes.length === 0) return
    isWanted = true
    running ??= refreshAll().finally(() => {
      running = undefined
    })
  }

  function renewTokens(): void {
    cancelTimer = shared.clock.setTimeout(() => {
      refresh()
      renewTokens()
    }, tokenCheckMs)
  }

  const unfollow = shared.objects.follow(podIdentity(pod).namespace, payloadObjects(sources), refresh)
  if (sources.some((source) => source.serviceAccountToken)) renewTokens()
  return {
    refresh,
    stop() {
      isStopped = true
      cancelTimer()
      unfollow()
    },
  }
}
