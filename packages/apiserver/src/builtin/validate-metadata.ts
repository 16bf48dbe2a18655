import type { KubeObject, OwnerReference } from '@millrace/kube'
import { deepEqual } from '../schema/deep-equal.ts'
import { type FieldError, forbidden, invalid, required, tooLong } from '../schema/field-error.ts'
import { goQuote, verbatim } from '../schema/go-text.ts'
import { named } from './findings.ts'
import {
  label1035Errors,
  labelErrors,
  labelValueErrors,
  pathSegmentErrors,
  qualifiedNameErrors,
  subdomainErrors,
} from './names.ts'

/** How a kind's names are checked. */
export type NameRule = 'subdomain' | 'label' | 'label1035' | 'path-segment'

const nameRules: Readonly<Record<NameRule, (name: string) => readonly string[]>> = {
  subdomain: subdomainErrors,
  label: labelErrors,
  label1035: label1035Errors,
  'path-segment': pathSegmentErrors,
}

const annotationsBytesMax = 256 * 1024

/** Checks of metadata for every kind, custom resources included: name, labels, annotations, owners, finalizers. */
export function validateMetadata(object: KubeObject, namespaced: boolean, nameRule: NameRule): readonly FieldError[] {
  const { name, generateName, namespace, generation, finalizers = [] } = object.metadata
  const nameErrors = nameRules[nameRule]
  return [
    ...(generateName ? named('metadata.generateName', generateName, prefixErrors(nameErrors)) : []),
    ...(name
      ? named('metadata.name', name, nameErrors)
      : [required('metadata.name', 'name or generateName is required')]),
    ...checkNamespace(namespace, namespaced),
    ...((generation ?? 0) < 0
      ? [invalid('metadata.generation', generation, 'must be greater than or equal to 0')]
      : []),
    ...checkLabels(object.metadata.labels, 'metadata.labels'),
    ...checkAnnotations(object.metadata.annotations),
    ...checkOwners(object.metadata.ownerReferences ?? []),
    ...finalizers.flatMap((finalizer) => named('metadata.finalizers', finalizer, qualifiedNameErrors)),
    ...checkGarbageFinalizers(finalizers),
  ]
}

/** A generated name's prefix may end in a dash: something follows. */
function prefixErrors(errorsOf: (name: string) => readonly string[]): (prefix: string) => readonly string[] {
  return (prefix) => errorsOf(prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -1)}a` : prefix)
}

function checkNamespace(namespace: string | undefined, namespaced: boolean): FieldError[] {
  if (!namespaced) return namespace ? [forbidden('metadata.namespace', 'not allowed on this type')] : []
  return namespace ? named('metadata.namespace', namespace, labelErrors) : [required('metadata.namespace')]
}

/** Keys and values of labels, wherever labels stand. */
export function checkLabels(labels: unknown, path: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...named(path, key, qualifiedNameErrors),
    ...named(path, value, labelValueErrors),
  ])
}

function checkAnnotations(annotations: Readonly<Record<string, string>> | undefined): FieldError[] {
  const entries = Object.entries(annotations ?? {})
  const findings = entries.flatMap(([key]) =>
    qualifiedNameErrors(key.toLowerCase()).map((detail) => invalid('metadata.annotations', key, detail)),
  )
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  if (bytes > annotationsBytesMax) findings.push(tooLong('metadata.annotations', annotationsBytesMax))
  return findings
}

function checkOwners(owners: readonly OwnerReference[]): FieldError[] {
  const path = 'metadata.ownerReferences'
  const findings: FieldError[] = []
  let controller: string | undefined
  for (const owner of owners) {
    const version = owner.apiVersion.split('/').at(-1)
    if (!version) findings.push(invalid(`${path}.apiVersion`, owner.apiVersion, 'version must not be empty'))
    for (const name of ['kind', 'name', 'uid'] as const) {
      if (!owner[name]) findings.push(invalid(`${path}.${name}`, owner[name] ?? '', 'must not be empty'))
    }
    if (owner.apiVersion === 'v1' && owner.kind === 'Event') {
      findings.push(invalid(path, ownerJson(owner), '/v1, Kind=Event is disallowed from being an owner'))
    }
    if (owner.controller !== true) continue
    const own = `${owner.kind}/${owner.name}`
    if (controller !== undefined) {
      const shown = verbatim(`[${owners.map((item) => JSON.stringify(ordered(item))).join(',')}]`)
      const both = `Found "true" in references for ${controller} and ${own}`
      findings.push(invalid(path, shown, `Only one reference can have Controller set to true. ${both}`))
    } else controller = own
  }
  return findings
}

const ownerJson = (owner: OwnerReference): object => verbatim(JSON.stringify(ordered(owner)))

function ordered({ apiVersion, kind, name, uid, ...rest }: OwnerReference): OwnerReference {
  return { apiVersion, kind, name, uid, ...rest }
}

function checkGarbageFinalizers(finalizers: readonly string[]): FieldError[] {
  if (!finalizers.includes('orphan') || !finalizers.includes('foregroundDeletion')) return []
  const detail = 'finalizer orphan and foregroundDeletion cannot be both set'
  return [invalid('metadata.finalizers', finalizers, detail)]
}

/** What must not change about metadata: name, namespace, uid, creationTimestamp, deletion; finalizers only shrink then. */
export function validateMetadataUpdate(object: KubeObject, old: KubeObject): readonly FieldError[] {
  const now = object.metadata
  const before = old.metadata
  const immutable = [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const
  return [
    ...(before.deletionTimestamp === undefined
      ? []
      : checkNoNewFinalizers(now.finalizers ?? [], before.finalizers ?? [])),
    ...((now.generation ?? 0) < (before.generation ?? 0)
      ? [invalid('metadata.generation', now.generation ?? 0, 'must not be decremented')]
      : []),
    ...immutable.flatMap((field) =>
      deepEqual(now[field], before[field])
        ? []
        : [invalid(`metadata.${field}`, now[field] ?? emptyOf(field), 'field is immutable')],
    ),
    ...checkLabels(now.labels, 'metadata.labels'),
    ...checkAnnotations(now.annotations),
    ...checkOwners(now.ownerReferences ?? []),
    ...(now.finalizers ?? []).flatMap((finalizer) => named('metadata.finalizers', finalizer, qualifiedNameErrors)),
  ]
}

const emptyOf = (field: string): unknown => (field.startsWith('deletion') || field === 'creationTimestamp' ? null : '')

function checkNoNewFinalizers(now: readonly string[], before: readonly string[]): FieldError[] {
  const added = now.filter((finalizer) => !before.includes(finalizer)).sort()
  if (added.length === 0) return []
  const shown = `[]string{${added.map(goQuote).join(', ')}}`
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`
  return [forbidden('metadata.finalizers', detail)]
}
