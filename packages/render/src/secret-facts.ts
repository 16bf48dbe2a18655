import type { KubeObject } from '@millrace/kube'
import type { SecretFacts } from './gathered.ts'

/** Keys of storage JSON that name a place, not a credential. All other fields are dropped here, at the door. */
const openStorageFields = new Set(['type', 'bucket', 'cabundle_configmap'])
const storageJsonBytesMax = 65_536

/**
 * What may be known of a Secret. Values stay behind, except for the fields of storage JSON that name a place, the host
 * that HTTP headers are for, and the scheme of an S3 endpoint.
 */
export function secretFacts(secret: KubeObject): SecretFacts {
  const values = secretValues(secret)
  const json: Record<string, Readonly<Record<string, string>>> = {}
  for (const [key, value] of values) {
    const fields = openFields(value)
    if (fields) json[key] = fields
  }
  const httpsHost = values.get('https-host')
  const s3Scheme = /^\s*(https?):\/\//i.exec(values.get('S3_ENDPOINT') ?? '')?.[1]?.toLowerCase()
  return {
    namespace: secret.metadata.namespace ?? '',
    name: secret.metadata.name ?? '',
    ...(typeof secret['type'] === 'string' ? { type: secret['type'] } : {}),
    labels: secret.metadata.labels ?? {},
    annotations: secret.metadata.annotations ?? {},
    keys: [...values.keys()].sort(),
    json,
    ...caBundlePlace(values),
    ...(httpsHost === undefined ? {} : { httpsHost }),
    ...(s3Scheme === 'http' || s3Scheme === 'https' ? { s3Scheme } : {}),
    ...(values.has('S3_USE_HTTPS') ? { s3UsesHttps: values.get('S3_USE_HTTPS') !== '0' } : {}),
  }
}

/** Where an S3 Secret says that its CA certificates are: the pod must mount them from there. */
function caBundlePlace(values: ReadonlyMap<string, string>): Pick<SecretFacts, 's3Places'> {
  const places = ['AWS_CA_BUNDLE', 'AWS_CA_BUNDLE_CONFIGMAP'].flatMap((key) => {
    const value = values.get(key)
    return value ? [[key, value] as const] : []
  })
  return places.length > 0 ? { s3Places: Object.fromEntries(places) } : {}
}

function secretValues(secret: KubeObject): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const [key, value] of Object.entries(Object(secret['data']) as Record<string, unknown>)) {
    if (typeof value === 'string') values.set(key, new TextDecoder().decode(Uint8Array.from(atobBytes(value))))
  }
  for (const [key, value] of Object.entries(Object(secret['stringData']) as Record<string, unknown>)) {
    if (typeof value === 'string') values.set(key, value)
  }
  return values
}

function atobBytes(base64: string): number[] {
  try {
    return [...atob(base64)].map((character) => character.charCodeAt(0))
  } catch {
    return []
  }
}

function openFields(value: string): Readonly<Record<string, string>> | undefined {
  if (value.length > storageJsonBytesMax || !value.trimStart().startsWith('{')) return undefined
  try {
    const parsed: unknown = JSON.parse(value)
    const entries = Object.entries(Object(parsed) as Record<string, unknown>)
    const open = entries.filter(([field, item]) => openStorageFields.has(field) && typeof item === 'string')
    return Object.fromEntries(open) as Record<string, string>
  } catch {
    return undefined
  }
}
