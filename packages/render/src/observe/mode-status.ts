import type { InferenceServiceStatus } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import type { ComponentName } from '../names.ts'
import type { Part } from './conditions.ts'

/** What one mode knows about a service: its parts, and the fields that are the mode's own. */
export interface ModeStatus {
  readonly parts: readonly Part[]
  readonly fields: Partial<InferenceServiceStatus>
  /** Pods of each component as it shall be. */
  readonly pods: Readonly<Partial<Record<ComponentName, readonly KubeObject[]>>>
  readonly hasFailed: boolean
}
