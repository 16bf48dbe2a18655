import type { KubeObject } from '@millrace/kube'
import type { Gvk } from './catalog.ts'

/** How a kind's writes treat status and generation. The same shape serves custom resources. */
export interface Strategy {
  /** Has a status that only /status may write. */
  readonly hasStatus: boolean
  /** metadata.generation starts at 1 and counts changes of what is not metadata or status. */
  readonly hasGeneration: boolean
  readonly allowsUnconditionalUpdate: boolean
  readonly allowsCreateOnUpdate: boolean
}

export function strategyOf(gvk: Gvk): Strategy {
  throw new Error(`to be written ${String(gvk)}`)
}

/** The object as it is first stored: status dropped or set to its start value, generation 1. */
export function prepareCreate(strategy: Strategy, gvk: Gvk, object: KubeObject): KubeObject {
  throw new Error(`to be written ${String(strategy)} ${String(gvk)} ${String(object)}`)
}

/** The object as an update of `subresource` ('' or 'status') stores it: the other half comes from `old`, generation bumped. */
export function prepareUpdate(
  strategy: Strategy,
  object: KubeObject,
  old: KubeObject,
  subresource: string,
): KubeObject {
  throw new Error(`to be written ${String(strategy)} ${String(object)} ${String(old)} ${subresource}`)
}

/** Paths that field management resets for an endpoint. */
export function resetFields(strategy: Strategy, subresource: string): readonly (readonly string[])[] {
  throw new Error(`to be written ${String(strategy)} ${subresource}`)
}
