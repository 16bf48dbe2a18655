import type { PodSpec } from '@millrace/api'
import { containerNames, istioKeys, userKeys } from '../keys.ts'
import { editContainer, findContainer } from './container-edit.ts'
import type { PodTemplate } from './shape.ts'

/** User id of Istio's proxy where the sidecar names none. */
const istioUid = 1337

/**
 * With Istio's CNI plugin the network of a pod is redirected before its proxy runs, except for the proxy's own user: an
 * initializer that downloads must then run as that user. Source: Istio, "Compatibility with application init containers".
 */
export function setInitializerUser(pod: PodTemplate): PodSpec {
  const runAsUser = initializerUser(pod)
  if (runAsUser === undefined) return pod.spec
  const hasInitializer = pod.spec.initContainers?.some((c) => c.name === containerNames.storageInitializer)
  if (!hasInitializer) return pod.spec
  return editContainer(pod.spec, containerNames.storageInitializer, (container) => ({
    ...container,
    securityContext: { ...container.securityContext, runAsUser },
  }))
}

function initializerUser(pod: PodTemplate): number | undefined {
  const { annotations } = pod.metadata
  const given = annotations[userKeys.storageInitializerUid]
  if (given !== undefined) return /^-?\d+$/.test(given) ? Number(given) : undefined
  if (pod.spec.initContainers?.some((container) => container.name === 'istio-init')) return undefined
  if (annotations[istioKeys.interceptionMode] !== 'REDIRECT') return undefined
  const sidecar = findContainer(pod.spec, sidecarName(annotations[istioKeys.status]))
  return sidecar ? (sidecar.securityContext?.runAsUser ?? istioUid) : undefined
}

function sidecarName(status: string | undefined): string {
  try {
    const parsed: unknown = JSON.parse(status ?? 'null')
    const names: unknown = Object(parsed).containers
    return Array.isArray(names) ? String(names[0]) : ''
  } catch {
    return ''
  }
}
