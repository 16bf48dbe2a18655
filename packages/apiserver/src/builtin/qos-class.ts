import type { KubeObject } from '@millrace/kube'
import { parseQuantity } from '../schema/quantity.ts'
import { isObject, objects } from './defaults-type.ts'

type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** A pod's quality of service, as Kubernetes computes it from cpu and memory of all its containers. */
export function qosClass(pod: KubeObject): QosClass {
  const spec = isObject(pod.spec) ? pod.spec : {}
  const containers = [...objects(spec.containers), ...objects(spec.initContainers)]
  const resources = containers.map((container) => (isObject(container.resources) ? container.resources : {}))
  const asks = resources.some((item) => amounts(item.requests).size > 0 || amounts(item.limits).size > 0)
  if (!asks) return 'BestEffort'
  const isFixed = resources.every((item) => {
    const limits = amounts(item.limits)
    const requests = amounts(item.requests)
    return limits.size === 2 && [...limits].every(([name, amount]) => (requests.get(name) ?? amount) === amount)
  })
  return isFixed ? 'Guaranteed' : 'Burstable'
}

/** cpu and memory that are more than nothing. */
function amounts(list: unknown): ReadonlyMap<string, bigint> {
  const found = new Map<string, bigint>()
  if (!isObject(list)) return found
  for (const name of ['cpu', 'memory']) {
    const quantity = parseQuantity(String(list[name] ?? ''))
    if (quantity && quantity.nano > 0n) found.set(name, quantity.nano)
  }
  return found
}
