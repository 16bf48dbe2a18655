import type { KubeObject } from '@millrace/kube'

/** Something that an object of ours names and cannot work without. */
export interface Reference {
  readonly kind: 'Secret' | 'ConfigMap' | 'ServiceAccount'
  readonly namespace: string
  readonly name: string
}

/** Names another Secret than the cluster's for a service's storage (`storageSecretNameAnnotation`, as shipped). */
const storageSecretAnnotation = 'serving.kserve.io/storageSecretName'

/** Where pods, storage and loggers name Secrets, ConfigMaps and ServiceAccounts: field, field inside, kind. */
const fields: readonly (readonly [string, string, Reference['kind']])[] = [
  ['secretKeyRef', 'name', 'Secret'],
  ['secretRef', 'name', 'Secret'],
  ['secret', 'secretName', 'Secret'],
  ['secret', 'name', 'Secret'],
  ['configMapKeyRef', 'name', 'ConfigMap'],
  ['configMapRef', 'name', 'ConfigMap'],
  ['configMap', 'name', 'ConfigMap'],
]

/**
 * What one object names. `storageSecret` is the cluster's name for storage credentials (`storageSpecSecretName`); the
 * default ServiceAccount is not counted: every namespace has one of its own.
 */
export function referencedNames(object: KubeObject, storageSecret: string): readonly Reference[] {
  const namespace = object.metadata.namespace
  if (namespace === undefined) return []
  const found = new Map<string, Reference>()
  const add = (kind: Reference['kind'], name: unknown): void => {
    if (typeof name === 'string' && name !== '') found.set(`${kind}/${name}`, { kind, namespace, name })
  }
  add('Secret', object.metadata.annotations?.[storageSecretAnnotation])
  visit(object, (field, value) => {
    for (const [outer, inner, kind] of fields) if (field === outer && isRecord(value)) add(kind, value[inner])
    if (field === 'serviceAccountName' && value !== 'default') add('ServiceAccount', value)
    if (field === 'imagePullSecrets' && Array.isArray(value))
      for (const item of value) if (isRecord(item)) add('Secret', item.name)
    if (field === 'secrets' && object.kind === 'ServiceAccount' && Array.isArray(value))
      for (const item of value) if (isRecord(item)) add('Secret', item.name)
    if (field === 'storage' && isRecord(value) && (value.key !== undefined || value.path !== undefined))
      add('Secret', storageSecret)
  })
  return [...found.values()]
}

function visit(value: unknown, look: (field: string, value: unknown) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, look)
    return
  }
  if (!isRecord(value)) return
  for (const [field, item] of Object.entries(value)) {
    look(field, item)
    visit(item, look)
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
