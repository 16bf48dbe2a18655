import type { KubeObject } from '@millrace/kube'
import type { Payload, PayloadFile } from './atomic-payload.ts'
import { type DownwardFacts, downwardField, downwardResource } from './downward-field.ts'
import type { ConfigMapSource, DownwardFile, KeyToPath, ProjectedSource, Volume } from './pod.ts'
import { isInnerPath } from './pod-directory.ts'

/** A ConfigMap or Secret that a volume or an environment reads. */
export interface SourceName {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
}

/** What is read from the API, before anything is decided. Absent objects are undefined. */
export interface VolumeInputs {
  readonly object: (source: SourceName) => KubeObject | undefined
  /** Tokens that were requested for `serviceAccountToken` sources, by their path. */
  readonly token: (path: string) => string | undefined
  readonly facts: DownwardFacts
}

export type PayloadResult =
  | { readonly ok: true; readonly payload: Payload }
  | { readonly ok: false; readonly message: string }

/** Files hold what only this pod may see, so permission bits of group and others are never given. */
const ownerBits = 0o700
const defaultMode = 0o644

/** The projected sources that a volume consists of; undefined when the volume is not made of API objects. */
export function payloadSources(volume: Volume): { sources: readonly ProjectedSource[]; mode: number } | undefined {
  if (volume.configMap)
    return { sources: [{ configMap: volume.configMap }], mode: volume.configMap.defaultMode ?? defaultMode }
  if (volume.secret) {
    const { secretName, defaultMode: mode, ...rest } = volume.secret
    return { sources: [{ secret: { ...rest, name: secretName ?? '' } }], mode: mode ?? defaultMode }
  }
  if (volume.downwardAPI) {
    const { defaultMode: mode, ...downwardAPI } = volume.downwardAPI
    return { sources: [{ downwardAPI }], mode: mode ?? defaultMode }
  }
  if (volume.projected) {
    return { sources: volume.projected.sources ?? [], mode: volume.projected.defaultMode ?? defaultMode }
  }
  return undefined
}

/** ConfigMaps and Secrets that have to be read (and followed) for the volume. */
export function payloadObjects(sources: readonly ProjectedSource[]): SourceName[] {
  return sources.flatMap((source): SourceName[] => {
    if (source.configMap?.name) return [{ kind: 'ConfigMap', name: source.configMap.name }]
    if (source.secret?.name) return [{ kind: 'Secret', name: source.secret.name }]
    return []
  })
}

/** The files of a volume that is made of API objects. */
export function volumePayload(sources: readonly ProjectedSource[], mode: number, inputs: VolumeInputs): PayloadResult {
  const payload = new Map<string, PayloadFile>()
  for (const source of sources) {
    const failure = addSource(payload, source, mode & ownerBits, inputs)
    if (failure) return { ok: false, message: failure }
  }
  return { ok: true, payload }
}

function addSource(
  payload: Map<string, PayloadFile>,
  source: ProjectedSource,
  mode: number,
  inputs: VolumeInputs,
): string | undefined {
  if (source.configMap) return addObject(payload, 'ConfigMap', source.configMap, mode, inputs)
  if (source.secret) return addObject(payload, 'Secret', source.secret, mode, inputs)
  if (source.downwardAPI) return addDownward(payload, source.downwardAPI.items ?? [], mode, inputs.facts)
  if (source.serviceAccountToken) {
    const { path } = source.serviceAccountToken
    const token = inputs.token(path)
    if (token === undefined) return 'the API server gave no token for the service account.'
    return addFile(payload, path, Buffer.from(token), 0o600)
  }
  return `the projected source "${Object.keys(source)[0]}" is not known here; configMap, secret, downwardAPI and serviceAccountToken are.`
}

function addObject(
  payload: Map<string, PayloadFile>,
  kind: SourceName['kind'],
  source: ConfigMapSource,
  mode: number,
  inputs: VolumeInputs,
): string | undefined {
  const object = inputs.object({ kind, name: source.name ?? '' })
  if (!object)
    return source.optional ? undefined : `${kind} "${source.name}" does not exist; create it, and the pod goes on.`
  const data = objectData(object)
  const items: readonly KeyToPath[] = source.items ?? [...data.keys()].map((key) => ({ key, path: key }))
  for (const item of items) {
    const bytes = data.get(item.key)
    if (bytes === undefined) {
      if (source.optional) continue
      return `${kind} "${source.name}" has no key "${item.key}"; it has ${[...data.keys()].join(', ') || 'none'}.`
    }
    const failure = addFile(payload, item.path, bytes, item.mode === undefined ? mode : item.mode & ownerBits)
    if (failure) return failure
  }
  return undefined
}

/** Keys and values of a ConfigMap (`data` text, `binaryData` base64) or a Secret (`data` base64). */
export function objectData(object: KubeObject): Map<string, Buffer> {
  const isSecret = object.kind === 'Secret'
  const values = new Map<string, Buffer>()
  for (const [key, value] of stringEntries(object.data))
    values.set(key, Buffer.from(value, isSecret ? 'base64' : 'utf8'))
  for (const [key, value] of stringEntries(object.binaryData)) values.set(key, Buffer.from(value, 'base64'))
  return values
}

function stringEntries(value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
}

function addDownward(
  payload: Map<string, PayloadFile>,
  items: readonly DownwardFile[],
  mode: number,
  facts: DownwardFacts,
): string | undefined {
  for (const item of items) {
    const value = item.fieldRef
      ? downwardField(facts, item.fieldRef)
      : item.resourceFieldRef && downwardResource(facts, item.resourceFieldRef, undefined)
    if (value === undefined) return `the downward API file "${item.path}" refers to a field that does not exist.`
    const failure = addFile(
      payload,
      item.path,
      Buffer.from(value),
      item.mode === undefined ? mode : item.mode & ownerBits,
    )
    if (failure) return failure
  }
  return undefined
}

function addFile(payload: Map<string, PayloadFile>, path: string, bytes: Buffer, mode: number): string | undefined {
  if (!isInnerPath(path) || path.startsWith('..')) return `"${path}" is not a path inside of a volume.`
  payload.set(path, { bytes, mode })
  return undefined
}
