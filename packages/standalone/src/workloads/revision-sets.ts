import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Deployment, PodTemplate, ReplicaSet } from './apps.ts'

export const revisionAnnotation = 'deployment.kubernetes.io/revision'
const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas'
export const templateHashLabel = 'pod-template-hash'

/** Annotations that describe the Deployment object itself and never go down to its ReplicaSets. */
const ownAnnotations = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  desiredAnnotation,
  maxReplicasAnnotation,
])

/** The ReplicaSet of a Deployment's current template. */
export function newReplicaSet(deployment: Deployment, replicas: number, revision: number): ReplicaSet {
  const { template, selector, minReadySeconds } = deployment.spec
  const hash = templateHash(template)
  const labels = { ...template.metadata?.labels, [templateHashLabel]: hash }
  const inherited = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !ownAnnotations.has(key))
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      ...(deployment.metadata.namespace === undefined ? {} : { namespace: deployment.metadata.namespace }),
      labels,
      annotations: { ...Object.fromEntries(inherited), [revisionAnnotation]: String(revision) },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name: deployment.metadata.name ?? '',
          uid: deployment.metadata.uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [templateHashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

/** The template of a ReplicaSet is the wanted one, but for the label that it carries more. */
export function isSameTemplate(ofSet: PodTemplate, wanted: PodTemplate): boolean {
  const { [templateHashLabel]: _, ...labels } = ofSet.metadata?.labels ?? {}
  return (
    isDeepStrictEqual(labels, wanted.metadata?.labels ?? {}) &&
    isDeepStrictEqual(ofSet.metadata?.annotations ?? {}, wanted.metadata?.annotations ?? {}) &&
    isDeepStrictEqual(ofSet.spec, wanted.spec)
  )
}

/** Ten characters from an alphabet without vowels and look-alikes, as Kubernetes' hashes have. */
function templateHash(template: PodTemplate): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  const digest = createHash('sha256').update(stableJson(template)).digest()
  return Array.from(digest.subarray(0, 10), (byte) => alphabet[byte % alphabet.length]).join('')
}

function stableJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${stableJson(item)}`).join(',')}}`
}

/** Names of the old, empty ReplicaSets that revisionHistoryLimit leaves no room for, oldest first. */
export function beyondHistory(deployment: Deployment, old: readonly ReplicaSet[]): readonly string[] {
  const idle = old.filter(
    (set) =>
      (set.spec.replicas ?? 1) === 0 &&
      (set.status?.replicas ?? 0) === 0 &&
      set.metadata.deletionTimestamp === undefined,
  )
  const excess = idle.length - (deployment.spec.revisionHistoryLimit ?? 10)
  if (excess <= 0) return []
  return [...idle]
    .sort((left, right) => revisionOf(left) - revisionOf(right))
    .slice(0, excess)
    .map(nameOf)
}

export const nameOf = (set: ReplicaSet): string => set.metadata.name ?? ''

export const revisionOf = (set: ReplicaSet): number => Number(set.metadata.annotations?.[revisionAnnotation] ?? 0)

/** Replicas that these sets are told to have. */
export const total = (sets: readonly ReplicaSet[]): number =>
  sets.reduce((sum, set) => sum + (set.spec.replicas ?? 1), 0)

export const byAge = (left: ReplicaSet, right: ReplicaSet): number =>
  (left.metadata.creationTimestamp ?? '').localeCompare(right.metadata.creationTimestamp ?? '') ||
  nameOf(left).localeCompare(nameOf(right))
