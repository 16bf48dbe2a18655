import { type Container, type PodSpec, quantityValue } from '@millrace/api'
import type { Problem } from '../decision.ts'
import { checkProbes } from './check-probes.ts'

/**
 * What Kubernetes would refuse in a pod that runtime, service and cluster make together. Said here, it is one sentence in
 * the status; else the pods would silently never come.
 */
export function checkPod(spec: PodSpec): Problem | undefined {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  const volumes = new Set((spec.volumes ?? []).map(({ name }) => name))
  const names = new Set<string>()
  for (const container of containers) {
    if (names.has(container.name)) return invalid(`two containers are called "${container.name}": rename one of them`)
    names.add(container.name)
    const why =
      checkImage(container) ??
      checkResources(container) ??
      checkClaims(container, spec) ??
      checkMounts(container, volumes) ??
      checkProbes(container)
    if (why) return invalid(why)
  }
  return undefined
}

function checkImage({ name, image }: Container): string | undefined {
  return image ? undefined : `container "${name}" has no image: set it`
}

/** Devices and the like cannot be shared out twice: what is requested of them is the limit. */
const isExtended = (resource: string) => resource.includes('/') && !resource.startsWith('kubernetes.io/')

function checkResources(container: Container): string | undefined {
  const { requests = {}, limits = {} } = container.resources ?? {}
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name]
    const [wanted, most] = [quantityValue(request), quantityValue(limit)]
    if (isExtended(name) && wanted !== most)
      return `container "${container.name}" requests ${request} of ${name}, and its limit is ${limit ?? 'not set'}: set resources.limits.${name} to the same`
    if (wanted === undefined || most === undefined || wanted <= most) continue
    return `container "${container.name}" requests ${request} of ${name}, over its limit of ${limit}: raise resources.limits.${name}, or lower the request`
  }
  return undefined
}

function checkClaims(container: Container, spec: PodSpec): string | undefined {
  const known = (spec.resourceClaims ?? []).map(({ name }) => name)
  const lost = container.resources?.claims?.find(({ name }) => !known.includes(name))
  return (
    lost &&
    `container "${container.name}" uses resource claim "${lost.name}", which the pod does not have: add it to resourceClaims`
  )
}

function checkMounts(container: Container, volumes: ReadonlySet<string>): string | undefined {
  const lost = container.volumeMounts?.find(({ name }) => !volumes.has(name))
  return (
    lost &&
    `container "${container.name}" mounts volume "${lost.name}", which the pod does not have: add it to volumes, or remove the mount`
  )
}

function invalid(what: string): Problem {
  return { reason: 'InvalidPod', message: `The pod cannot be made, because ${what}.`, condition: 'PredictorReady' }
}
