import { createHash } from 'node:crypto'
import type { KubeObject } from '@millrace/kube'
import type { CallWebhook } from '../../admission/call-webhook.ts'
import type { JsonSchema, Schema } from '../../schema/schema.ts'
import type { Entry } from '../../store/store.ts'
import { trackUpdate } from '../../fields/managed-fields.ts'
import { changeStored } from '../change-stored.ts'
import { ownershipContext } from '../field-owner.ts'
import { type Platform, timestamp } from '../platform.ts'
import { acceptNames, type NameClaim, type NamesDecision } from './accept-names.ts'
import { removeInstances } from './remove-instances.ts'
import {
  asCrd,
  completeNames,
  type Crd,
  type CrdCondition,
  type CrdStatus,
  crdBucket,
  crdFinalizer,
  hasCondition,
} from './crd-spec.ts'
import { customResources } from './custom-resources.ts'

interface ServedKind {
  /** Digest of the spec: served anew only when it changes. */
  readonly digest: string
  readonly retire: AbortController
}

export interface CustomKinds {
  close(): Promise<void>
}

/** Serves what the stored CRDs define, from now on and as they change, and keeps their status. */
export function serveCustomKinds(
  platform: Platform,
  deps: { readonly objectMeta: () => Schema; readonly callWebhook: CallWebhook },
): CustomKinds {
  const served = new Map<string, ServedKind>()
  const claims = new Map<string, NameClaim>()
  const work = new Map<string, Promise<void>>()

  function refresh(entry: Entry): void {
    const crd = asCrd(JSON.parse(entry.value) as KubeObject)
    const others = [...claims].filter(([name]) => name !== entry.key).map(([, claim]) => claim)
    const decision = acceptNames(crd, others, platform.resources.all())
    if (decision.accepted) {
      claims.set(entry.key, { group: crd.spec.group, names: completeNames(crd.spec.names) })
      serve(crd, entry)
    }
    later(entry.key, () => keepStatus(platform, entry.key, decision))
    if (crd.metadata.deletionTimestamp) later(entry.key, () => finishDeletion(platform, entry.key))
  }

  function serve(crd: Crd, { key, revision }: Entry): void {
    const spec = JSON.stringify([crd.spec, crd.metadata.deletionTimestamp])
    const digest = createHash('sha256').update(spec).digest('base64')
    const known = served.get(key)
    if (known?.digest === digest) return
    known?.retire.abort()
    const retire = new AbortController()
    served.set(key, { digest, retire })
    const schemaOf = (version: string): JsonSchema => storedSchema(platform, key, version)
    const kind = { schemaRevision: revision, digest, schemaOf, retired: retire.signal, ...deps }
    platform.resources.serve(key, customResources(withoutSchemas(crd), kind))
  }

  function stop(name: string): void {
    served.get(name)?.retire.abort()
    served.delete(name)
    claims.delete(name)
    platform.resources.serve(name, [])
    // Names that this CRD held are free now.
    for (const entry of platform.store.list(crdBucket).entries) refresh(entry)
  }

  /** One piece of work at a time for each CRD. */
  function later(name: string, task: () => Promise<void>): void {
    const before = work.get(name) ?? Promise.resolve()
    const next = before.then(task).catch((error: unknown) => {
      if (!platform.closing.aborted) platform.log.error('CRD upkeep failed', { crd: name, error: String(error) })
    })
    work.set(name, next)
    void next.then(() => {
      if (work.get(name) === next) work.delete(name)
    })
  }

  const stored = platform.store.list(crdBucket).entries
  // Names that were accepted before a restart stay with their holders.
  for (const { key, value } of stored) {
    const crd = asCrd(JSON.parse(value) as KubeObject)
    const isHolder = hasCondition(crd, 'NamesAccepted')
    if (isHolder) claims.set(key, { group: crd.spec.group, names: completeNames(crd.spec.names) })
  }
  for (const entry of stored) refresh(entry)
  const handle = platform.store.watch(crdBucket, platform.store.revision, (event) => {
    if (event.type === 'DELETED') stop(event.entry.key)
    else refresh(event.entry)
  })
  return {
    close: async () => {
      handle.close()
      await Promise.all(work.values())
    },
  }
}

const anything: JsonSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** A schema as its author wrote it. Parsed when it is needed: kept as objects, schemas would be most of the memory. */
function storedSchema({ store }: Platform, name: string, version: string): JsonSchema {
  const entry = store.get(crdBucket, name)
  const crd = entry && asCrd(JSON.parse(entry.value) as KubeObject)
  return crd?.spec.versions.find((candidate) => candidate.name === version)?.schema?.openAPIV3Schema ?? anything
}

function withoutSchemas(crd: Crd): Crd {
  const versions = crd.spec.versions.map(({ schema: _schema, ...version }) => version)
  return { ...crd, spec: { ...crd.spec, versions } }
}

/** Writes conditions, accepted names and stored versions when they are not what they should be. */
async function keepStatus(platform: Platform, key: string, decision: NamesDecision): Promise<void> {
  await changeStored(platform, crdBucket, key, (object) => {
    const crd = asCrd(object)
    const status = nextStatus(crd, decision, timestamp(platform.now()))
    const isKept = JSON.stringify(status) === JSON.stringify(crd.status)
    return isKept ? undefined : owned(platform, object, { ...object, status })
  })
}

/** The server owns what it says about names, like every writer of status. */
function owned(platform: Platform, before: KubeObject, after: KubeObject): KubeObject {
  const resource = platform.resources.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions')
  if (!resource) return after
  const options = { dryRun: false, manager: 'kube-apiserver', fieldValidation: 'Ignore' } as const
  return trackUpdate(before, after, ownershipContext(platform, resource, options, 'status'))
}

function nextStatus(crd: Crd, { accepted, names, reason, message }: NamesDecision, now: string): CrdStatus {
  const wasEstablished = crd.status?.conditions?.find(({ type }) => type === 'Established')?.status === 'True'
  const condition = (type: CrdCondition['type'], isTrue: boolean, why: string, text: string): CrdCondition => {
    const status = isTrue ? 'True' : 'False'
    const before = crd.status?.conditions?.find((candidate) => candidate.type === type)
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now
    return { type, status, lastTransitionTime, reason: why, message: text }
  }
  const established = accepted || wasEstablished
  const conditions = [
    condition('NamesAccepted', accepted, accepted ? 'NoConflicts' : reason, accepted ? 'no conflicts found' : message),
    established
      ? condition('Established', true, 'InitialNamesAccepted', 'the initial names have been accepted')
      : condition('Established', false, 'NotAccepted', 'not all names are accepted'),
    ...(crd.status?.conditions ?? []).filter(({ type }) => type !== 'NamesAccepted' && type !== 'Established'),
  ]
  const storage = crd.spec.versions.find((version) => version.storage)?.name
  const stored = crd.status?.storedVersions ?? []
  const storedVersions = storage && !stored.includes(storage) ? [...stored, storage] : stored
  return { ...crd.status, conditions, acceptedNames: names, storedVersions }
}

/** A deleted CRD takes its instances along; the finalizer goes when none is left. */
async function finishDeletion(platform: Platform, key: string): Promise<void> {
  const entry = platform.store.get(crdBucket, key)
  if (!entry) return
  const crd = asCrd(JSON.parse(entry.value) as KubeObject)
  if (!crd.metadata.deletionTimestamp || !crd.metadata.finalizers?.includes(crdFinalizer)) return
  await removeInstances(platform, crd)
  await changeStored(platform, crdBucket, key, (object) => {
    const finalizers = (object.metadata.finalizers ?? []).filter((name) => name !== crdFinalizer)
    const { finalizers: _, ...metadata } = object.metadata
    if (finalizers.length === 0) return 'remove'
    return { ...object, metadata: { ...metadata, finalizers } }
  })
}
