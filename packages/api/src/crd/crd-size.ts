import type { CrdSchema, CustomResourceDefinition } from './crd.ts'

export interface SubtreeSize {
  /** From the CRD's version, such as `v1beta1 spec.predictor.volumes`. */
  readonly path: string
  readonly bytes: number
}

export interface CrdSize {
  /** Bytes of the annotations that `kubectl apply` makes of the CRD, key included. */
  readonly annotationBytes: number
  /** Bytes as compact JSON. */
  readonly jsonBytes: number
  /** Bytes of descriptions, with their keyword. */
  readonly descriptionBytes: number
  /** The largest subtrees, largest first; one that lies in another is listed too. */
  readonly largest: readonly SubtreeSize[]
}

const lastAppliedKey = 'kubectl.kubernetes.io/last-applied-configuration'
const largestListed = 20
/** A subtree worth naming; smaller ones only repeat their parents. */
const depthListed = 4

/** What a CRD weighs as `kubectl apply` stores it, and what in it weighs most. */
export function crdSize(crd: CustomResourceDefinition): CrdSize {
  const subtrees: SubtreeSize[] = []
  let descriptionBytes = 0
  const visit = (schema: CrdSchema, path: string, depth: number): void => {
    if (schema.description) descriptionBytes += jsonBytes(schema.description) + '"description":,'.length
    // What a list or a map holds weighs what the list does: only the one of them is listed.
    const isEntry = /(\[\]|\*)$/.test(path)
    if (depth > 0 && depth <= depthListed && !isEntry) subtrees.push({ path, bytes: jsonBytes(schema) })
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      visit(field, path.endsWith(' ') ? path + name : `${path}.${name}`, depth + 1)
    }
    if (schema.items) visit(schema.items, `${path}[]`, depth + 1)
    if (schema.additionalProperties) visit(schema.additionalProperties, `${path}.*`, depth + 1)
  }
  for (const version of crd.spec.versions) visit(version.schema.openAPIV3Schema, `${version.name} `, 0)
  return {
    annotationBytes: annotationBytes(crd),
    jsonBytes: jsonBytes(crd),
    descriptionBytes,
    largest: subtrees.sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1)).slice(0, largestListed),
  }
}

/**
 * Bytes of kubectl's last-applied annotation: the object as Go's encoder writes it (`<`, `>` and `&` escaped) with empty
 * annotations and a newline, and the annotation's key. Kubernetes limits the sum over all annotations.
 */
export function annotationBytes(crd: CustomResourceDefinition): number {
  const metadata = { annotations: {}, ...crd.metadata }
  const escaped = JSON.stringify({ ...crd, metadata }).replace(/[<>&\u2028\u2029]/g, '\\u0000')
  return Buffer.byteLength(escaped) + 1 + lastAppliedKey.length
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
