import type { KubeObject } from '@millrace/kube'
import { goJson } from '../schema/go-text.ts'
import type { Schema } from '../schema/schema.ts'
import { checkTyped } from './check-typed.ts'
import { difference, type FieldSet } from './field-set.ts'
import { compareTyped, toFieldSet } from './to-field-set.ts'

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** Fields that kubectl's client-side apply set and nobody changed since: server-side kubectl may take them over. */
export function allowedByLastApplied(live: KubeObject, schema: Schema): FieldSet | undefined {
  const text = live.metadata.annotations?.[lastApplied]
  if (!text) return undefined
  const configuration = parsedObject(text)
  if (configuration?.apiVersion !== live.apiVersion) return undefined
  if (checkTyped(configuration, schema, false).length > 0) return undefined
  const { added, modified, removed } = compareTyped(configuration, live, schema)
  return [modified, added, removed].reduce(difference, toFieldSet(configuration, schema))
}

function parsedObject(text: string): KubeObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'apiVersion' in value ? (value as KubeObject) : undefined
  } catch {
    return undefined
  }
}

/** Keeps kubectl's own annotation in step, where the object has it, so that client-side apply still works. */
export function withLastApplied(object: KubeObject, applied: KubeObject): KubeObject {
  if (!object.metadata.annotations?.[lastApplied]) return object
  const configuration = structuredClone(applied)
  if (configuration.metadata.annotations) delete configuration.metadata.annotations[lastApplied]
  const annotations = { ...object.metadata.annotations, [lastApplied]: `${goJson(configuration)}\n` }
  return { ...object, metadata: { ...object.metadata, annotations } }
}
