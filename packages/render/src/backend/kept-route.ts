import type { KubeObject } from '@millrace/kube'

/**
 * A route as it is to be applied. One that serves already stays as it is while it would lead to a component that is not ready
 * and to which it does not lead yet: a transformer is put in front when it can answer, not before.
 */
export function keptWhileUnready(
  wanted: KubeObject,
  live: KubeObject | undefined,
  unready: readonly string[],
): KubeObject {
  const isEarly = live && unready.some((service) => leadsTo(wanted, service) && !leadsTo(live, service))
  return isEarly ? { ...wanted, spec: live['spec'] } : wanted
}

/** Services are named as they are, or as the first label of their host in the cluster. */
function leadsTo(route: KubeObject, service: string): boolean {
  const text = JSON.stringify(route['spec'])
  return text.includes(`"${service}"`) || text.includes(`"${service}.`)
}
