import { resolve, type SchemaData } from './schema.ts'

/** The keys by which a list merges, if Kubernetes will have them: each must be required or have a default. */
export function mergeKeys(schema: SchemaData): readonly string[] | undefined {
  if (schema.listType !== 'map' || !schema.listKeys || !schema.items) return undefined
  const item = resolve(schema.items)
  const usable = schema.listKeys.every(
    (key) => item.required?.includes(key) || item.properties?.[key]?.default !== undefined,
  )
  return usable ? schema.listKeys : undefined
}
