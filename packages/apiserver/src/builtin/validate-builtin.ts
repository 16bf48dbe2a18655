import type { KubeObject } from '@millrace/kube'
import type { FieldError } from '../schema/field-error.ts'
import type { Gvk } from './catalog.ts'

/** Findings about a decoded and defaulted built-in object that is to be created. */
export function validateCreate(gvk: Gvk, object: KubeObject): readonly FieldError[] {
  return []
}

/** Findings about an update: those of the new object, and changes of what must not change. */
export function validateUpdate(gvk: Gvk, object: KubeObject, old: KubeObject): readonly FieldError[] {
  return []
}
