import type { KubeObject } from '@millrace/kube'
import { resetFields } from '../builtin/strategy.ts'
import type { WriteContext } from '../fields/managed-fields.ts'
import type { Platform } from './platform.ts'
import { timestamp } from './platform.ts'
import type { ServedResource } from './served-resource.ts'
import type { WriteOptions } from './write-options.ts'

/** What field management needs to know about a write. */
export function ownershipContext(
  platform: Platform,
  { behaviour }: ServedResource,
  options: WriteOptions,
  subresource: string,
): WriteContext {
  return {
    schema: behaviour.schema,
    manager: options.manager,
    subresource,
    now: timestamp(platform.now()),
    resetFields: resetFields(behaviour.strategy, subresource),
    schemaOf: (apiVersion) => behaviour.schemaOf(apiVersion),
  }
}

/** Equal but for the times of managedFields: writing such a change would only wake watchers. */
export function isUnchanged(object: KubeObject, old: KubeObject): boolean {
  return isDeepEqual(withoutTimes(object), withoutTimes(old))
}

function withoutTimes(object: KubeObject): unknown {
  const { resourceVersion: _, managedFields, ...metadata } = object.metadata
  return {
    ...object,
    metadata: { ...metadata, managedFields: managedFields?.map(({ time: _time, ...entry }) => entry) },
  }
}

export function isDeepEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, position) => isDeepEqual(item, b[position]))
  }
  const left = Object.entries(a).filter(([, value]) => value !== undefined)
  const right = new Map(Object.entries(b).filter(([, value]) => value !== undefined))
  return (
    left.length === right.size && left.every(([key, value]) => right.has(key) && isDeepEqual(value, right.get(key)))
  )
}
