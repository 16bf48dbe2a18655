/** The object without some of its fields. */
export function omit<T extends object, K extends keyof T>(object: T, ...keys: readonly K[]): Omit<T, K> {
  const rest: Partial<T> = { ...object }
  for (const key of keys) delete rest[key]
  return rest as Omit<T, K>
}
