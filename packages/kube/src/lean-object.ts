import type { KubeObject } from './wire.ts'

const fieldSetsMax = 4096

/**
 * A transform for informers of objects that we apply: of managedFields only what our own field manager applied is kept,
 * and equal field sets are one object in memory. Ten thousand children rendered alike hold a handful of field sets.
 */
export function leanFor(fieldManager: string): <T extends KubeObject>(object: T) => T {
  const fieldSets = new Map<string, Readonly<Record<string, unknown>>>()
  const shared = (fields: Readonly<Record<string, unknown>>) => {
    const text = JSON.stringify(fields)
    const known = fieldSets.get(text)
    if (known) return known
    if (fieldSets.size >= fieldSetsMax) fieldSets.clear()
    fieldSets.set(text, fields)
    return fields
  }
  return (object) => {
    const entry = object.metadata.managedFields?.find(
      ({ manager, operation, subresource }) => manager === fieldManager && operation === 'Apply' && !subresource,
    )
    delete object.metadata.managedFields
    if (!entry?.fieldsV1) return object
    const fieldsV1 = shared(withoutOwners(entry.fieldsV1))
    const { manager, operation, apiVersion } = entry
    object.metadata.managedFields = [
      { ...(manager && { manager }), ...(operation && { operation }), ...(apiVersion && { apiVersion }), fieldsV1 },
    ]
    return object
  }
}

/** Owner references are keyed by uid, and would make every field set one of its own. */
function withoutOwners(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const metadata = fields['f:metadata']
  if (typeof metadata !== 'object' || metadata === null) return fields
  const { 'f:ownerReferences': _, ...rest } = metadata as Record<string, unknown>
  return { ...fields, 'f:metadata': rest }
}
