export type Json = Record<string, unknown>

/**
 * What a Go type's own defaulting does, by the type's definition name. The function gets a shallow copy to write to;
 * what lies below it is shared and must be copied before a change.
 */
export type TypeDefaults = Readonly<Record<string, (fields: Json) => void>>

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Sets a field that is absent, or empty where empty means absent in its type. */
export function setDefault(fields: Json, name: string, value: unknown): void {
  const current = fields[name]
  if (current === undefined || current === null || current === '') fields[name] = value
}

/** Sets a number that Kubernetes takes for unset at 0. */
export function setPositive(fields: Json, name: string, value: number): void {
  if (!fields[name]) fields[name] = value
}

export function objects(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
