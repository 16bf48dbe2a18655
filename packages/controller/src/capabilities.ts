import type { Log } from '@millrace/kube'
import { type Capabilities, childKinds, optionalPieces } from '@millrace/render'
import type { ClusterWatch } from './cluster-watch.ts'
import { kindId } from './watched-kinds.ts'

/** What is there now: served, and its first state is in, so that what we would make can be compared with what is. */
export function capabilitiesOf(watch: ClusterWatch, imageVolume: boolean): Capabilities {
  const has = (need: keyof Capabilities) =>
    childKinds.some(({ needs, group, kind }) => needs === need && watch.synced(kindId(group, kind)) !== undefined)
  return {
    knative: has('knative'),
    istio: has('istio'),
    gatewayApi: has('gatewayApi'),
    keda: has('keda'),
    otel: has('otel'),
    imageVolume,
  }
}

/** Tells what is there and what is not, in the log when it changes and in a metric always. */
export function createCapabilityReport(
  log: Log,
  metric: (name: string, isThere: boolean) => void,
): (watch: Pick<ClusterWatch, 'serves'>, capabilities: Capabilities) => void {
  const told = new Map<string, boolean>()
  return (watch, capabilities) => {
    for (const { name, title, group, plural, use } of optionalPieces) {
      const isThere = use ? capabilities[use.capability] : watch.serves(`${plural}.${group}`)
      metric(name, isThere)
      if (isThere !== (told.get(name) ?? false))
        log.info(isThere ? 'The cluster has it now' : 'The cluster has it no longer', { capability: title })
      told.set(name, isThere)
    }
    metric('imageVolume', capabilities.imageVolume)
  }
}

/** Kubernetes from which on pods may mount OCI images without a feature gate. */
const imageVolumeMinor = 35

/** From the answer of /version: `{ major: '1', minor: '34+' }`. */
export function hasImageVolumes(version: unknown): boolean {
  const { major, minor } = Object(version) as { major?: unknown; minor?: unknown }
  return Number.parseInt(String(major), 10) === 1 && Number.parseInt(String(minor), 10) >= imageVolumeMinor
}
