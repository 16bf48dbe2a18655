import type { KubeObject, ManagedFieldsEntry } from './wire.ts'

const fieldSetsMax = 4096

/**
 * A transform for informers of objects that we apply: of managedFields only what our own field manager applied is kept,
 * and equal field sets are one object in memory. Ten thousand children rendered alike hold a handful of field sets.
 */
export function leanFor(fieldManager: string): <T extends KubeObject>(object: T) => T {
  const known = new Map<string, ManagedFieldsEntry[]>()
  const shared = (managedFields: ManagedFieldsEntry[]) => {
    const text = JSON.stringify(managedFields)
    const equal = known.get(text)
    if (equal) return equal
    if (known.size >= fieldSetsMax) known.clear()
    known.set(text, managedFields)
    return managedFields
  }
  return (object) => {
    const { managedFields = [], ...metadata } = object.metadata
    const entry = managedFields.find(
      ({ manager, operation, subresource }) => manager === fieldManager && operation === 'Apply' && !subresource,
    )
    if (!entry?.fieldsV1) return { ...object, metadata }
    const { manager, operation, apiVersion } = entry
    const fieldsV1 = withoutOwners(entry.fieldsV1)
    const own = [
      { ...(manager && { manager }), ...(operation && { operation }), ...(apiVersion && { apiVersion }), fieldsV1 },
    ]
    return { ...object, metadata: { ...metadata, managedFields: shared(own) } }
  }
}

/** Owner references are keyed by uid, and would make every field set one of its own. */
function withoutOwners(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const metadata = fields['f:metadata']
  if (typeof metadata !== 'object' || metadata === null) return fields
  const { 'f:ownerReferences': _, ...rest } = metadata as Record<string, unknown>
  return { ...fields, 'f:metadata': rest }
}
