import type { KubeObject } from '@millrace/kube'
import type { Gvk } from '../builtin/resource-info.ts'

/** The only built-in kind served in two groups: Event, stored in the core group's form. */
const coreEvent: Gvk = { group: '', version: 'v1', kind: 'Event' }

const newNames = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  reportingComponent: 'reportingController',
} as const

export function storedGvk(gvk: Gvk): Gvk {
  return gvk.kind === 'Event' && gvk.group === 'events.k8s.io' ? coreEvent : gvk
}

export function convertBuiltin(object: KubeObject, to: Gvk): KubeObject {
  const pairs = Object.entries(newNames)
  const names = new Map(to.group === '' ? pairs.map(([old, young]) => [young, old] as const) : pairs)
  const apiVersion = to.group ? `${to.group}/${to.version}` : to.version
  const { kind: _1, apiVersion: _2, ...rest } = object
  const renamed = Object.entries(rest).map(([key, value]) => [names.get(key as never) ?? key, value] as const)
  return { kind: to.kind, apiVersion, ...Object.fromEntries(renamed) } as KubeObject
}
