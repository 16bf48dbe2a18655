import { type Node, scalar, type Slot } from './slot.ts'

export const names = {
  controller: 'millrace-controller',
  /** Rights on namespaced kinds, bound in all namespaces or in those that are served. */
  services: 'millrace-controller-services',
  webhook: 'millrace-webhook',
  metrics: 'millrace-controller-metrics',
  issuer: 'millrace-selfsigned',
  certificate: 'millrace-webhook',
  /** Not the Secret of the controller's own certificate: the two must not fight over one when somebody changes over. */
  certificateSecret: 'millrace-webhook-tls',
} as const

export const ports = { webhook: 9443, metrics: 8080, health: 8082 } as const

/** What an object is for. Uninstalling takes `controller` and leaves the rest. */
export type Role = 'controller' | 'configuration' | 'runtimes' | 'user-roles' | 'crd'

export const partOf = { 'app.kubernetes.io/part-of': 'millrace' }

export function labelsOf(role: Role): { readonly [key: string]: string } {
  return { 'app.kubernetes.io/component': role, ...partOf }
}

export const namespace: Slot = scalar('$.Values.namespace | quote', (values) => values.namespace)

/** `metadata` of an object in the controller's namespace. */
export function inNamespace(name: Node, role: Role): { readonly [key: string]: Node } {
  return { name, namespace, labels: labelsOf(role) }
}

export function clusterWide(name: Node, role: Role): { readonly [key: string]: Node } {
  return { name, labels: labelsOf(role) }
}
