import type { Json } from './json.ts'

/** The release of KServe whose images and fields are taken. */
export const kserveVersion = 'v0.20.0'

/** `kserve/agent:latest` → `kserve/agent:v0.20.0`, everywhere in it: on a cluster an image must stay what it was. */
export function pinnedImages(value: Json): Json {
  if (typeof value === 'string') return value.replace(/^(kserve\/[a-z-]+):latest/, `$1:${kserveVersion}`)
  if (Array.isArray(value)) return value.map(pinnedImages)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, pinnedImages(inner)]))
}
