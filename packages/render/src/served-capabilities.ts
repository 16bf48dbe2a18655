import type { Capabilities } from './capabilities.ts'
import { type ChildKind, childKinds } from './child-kinds.ts'

/** What is there, told by which kinds of children the cluster serves. */
export function capabilitiesOf(isServed: (kind: ChildKind) => boolean, imageVolume: boolean): Capabilities {
  const has = (need: keyof Capabilities) => childKinds.some((kind) => kind.needs === need && isServed(kind))
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
