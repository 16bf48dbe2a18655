import { quantityValue } from '@millrace/kube'
import type { Container, FieldRef, Pod, ResourceFieldRef } from './pod.ts'

/** What a pod may ask about itself and its place. */
export interface DownwardFacts {
  readonly pod: Pod
  readonly nodeName: string
  readonly podIP: string
  readonly hostIP: string
  /** What the node has, in cores and bytes: the value of a limit that is not set. */
  readonly allocatable: Readonly<Record<string, number>>
}

/** The value of a `fieldRef`, or undefined when there is no such field. */
export function downwardField(facts: DownwardFacts, { fieldPath }: FieldRef): string | undefined {
  const { metadata, spec } = facts.pod
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath)
  if (keyed) return metadata[keyed[1] === 'labels' ? 'labels' : 'annotations']?.[keyed[2] ?? ''] ?? ''
  switch (fieldPath) {
    case 'metadata.name':
      return metadata.name
    case 'metadata.namespace':
      return metadata.namespace
    case 'metadata.uid':
      return metadata.uid
    case 'metadata.labels':
      return formatMap(metadata.labels)
    case 'metadata.annotations':
      return formatMap(metadata.annotations)
    case 'spec.nodeName':
      return facts.nodeName
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? 'default'
    case 'status.podIP':
    case 'status.podIPs':
      return facts.podIP
    case 'status.hostIP':
    case 'status.hostIPs':
      return facts.hostIP
    default:
      return undefined
  }
}

/** The value of a `resourceFieldRef`, or undefined when the container or resource does not exist. */
export function downwardResource(
  facts: DownwardFacts,
  reference: ResourceFieldRef,
  own: Container | undefined,
): string | undefined {
  const containers = [...facts.pod.spec.containers, ...(facts.pod.spec.initContainers ?? [])]
  const container = reference.containerName ? containers.find(({ name }) => name === reference.containerName) : own
  const [kind, ...rest] = reference.resource.split('.')
  const name = rest.join('.')
  if (!container || (kind !== 'limits' && kind !== 'requests') || name === '') return undefined
  const limit = quantityValue(container.resources?.limits?.[name])
  const request = quantityValue(container.resources?.requests?.[name])
  const value = kind === 'limits' ? (limit ?? facts.allocatable[name]) : (request ?? limit)
  return divideQuantity(value ?? 0, reference.divisor)
}

/** `value / divisor`, rounded up, as the downward API writes resource fields. */
export function divideQuantity(value: number, divisor: string | number | undefined): string {
  const by = quantityValue(divisor) || 1
  // One part in 1e9 is the finest step a quantity has (nano); below it there is only floating-point noise.
  return String(Math.ceil(Math.round((value / by) * 1e9) / 1e9))
}

/** Labels or annotations as the downward API writes them to a file: `key="value"` lines, by key. */
function formatMap(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n')
}
