import { type Capabilities, childKinds } from '@millrace/render'
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

/** Kubernetes from which on pods may mount OCI images without a feature gate. */
const imageVolumeMinor = 35

/** From the answer of /version: `{ major: '1', minor: '34+' }`. */
export function hasImageVolumes(version: unknown): boolean {
  const { major, minor } = Object(version) as { major?: unknown; minor?: unknown }
  return Number.parseInt(String(major), 10) === 1 && Number.parseInt(String(minor), 10) >= imageVolumeMinor
}
