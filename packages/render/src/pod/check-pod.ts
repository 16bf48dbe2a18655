import { type Container, type PodSpec, quantityValue } from '@millrace/api'
import type { Problem } from '../decision.ts'

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
    const why = checkResources(container) ?? checkMounts(container, volumes)
    if (why) return invalid(why)
  }
  return undefined
}

function checkResources(container: Container): string | undefined {
  const { requests = {}, limits = {} } = container.resources ?? {}
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name]
    const [wanted, most] = [quantityValue(request), quantityValue(limit)]
    if (wanted === undefined || most === undefined || wanted <= most) continue
    return `container "${container.name}" requests ${request} of ${name}, over its limit of ${limit}: raise resources.limits.${name}, or lower the request`
  }
  return undefined
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
