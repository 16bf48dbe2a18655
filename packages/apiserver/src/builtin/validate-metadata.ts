import type { KubeObject } from '@millrace/kube'
import type { FieldError } from '../schema/field-error.ts'

/** How a kind's names are checked. */
export type NameRule = 'subdomain' | 'label' | 'label1035' | 'path-segment'

/** Checks of metadata for every kind, custom resources included: name, labels, annotations, owners, finalizers. */
export function validateMetadata(object: KubeObject, namespaced: boolean, nameRule: NameRule): readonly FieldError[] {
  return []
}

/** What must not change about metadata: name, namespace, uid, creationTimestamp, deletion; finalizers only shrink then. */
export function validateMetadataUpdate(object: KubeObject, old: KubeObject): readonly FieldError[] {
  return []
}
