import { type FieldPath, pathText } from './field-set.ts'
import { managerText, type Owned } from './managers.ts'

export interface Conflict {
  /** `conflict with "kubectl-client-side-apply" using apps/v1` */
  readonly message: string
  /** `.spec.replicas`, `.spec.containers[name="a"].image`. */
  readonly field: string
}

/** The causes have reason `FieldManagerConflict`. */
export interface ConflictAnswer {
  readonly ok: false
  readonly code: 409
  readonly message: string
  readonly conflicts: readonly Conflict[]
}

/** Something applied that somebody else owns with another value. */
export interface OwnedConflict {
  readonly owner: Owned
  readonly path: FieldPath
}

/** The 409 answer, worded as the real server does. */
export function conflictAnswer(conflicts: readonly OwnedConflict[]): ConflictAnswer {
  const causes = conflicts.map(({ owner, path }) => ({
    message: `conflict with ${managerText(owner)}`,
    field: pathText(path),
  }))
  return { ok: false, code: 409, message: conflictMessage(causes), conflicts: causes }
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const [only] = conflicts
  if (conflicts.length === 1 && only) return `Apply failed with 1 conflict: ${only.message}: ${only.field}`
  const lines: string[] = []
  for (const [message, fields] of Map.groupBy(conflicts, (conflict) => conflict.message)) {
    lines.push(`${message.replace('conflict with', 'conflicts with')}:`, ...fields.map(({ field }) => `- ${field}`))
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`
}
