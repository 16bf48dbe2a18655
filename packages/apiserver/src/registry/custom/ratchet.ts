import type { FieldError } from '../../schema/field-error.ts'
import { isDeepEqual } from '../field-owner.ts'

/**
 * Validation ratcheting (CRDs, stable since Kubernetes 1.33): a value that was stored already may stay although a newer
 * schema refuses it. Findings about unchanged values are dropped.
 */
export function ratchet(findings: readonly FieldError[], object: unknown, old: unknown): readonly FieldError[] {
  return findings.filter((finding) => {
    const steps = stepsOf(finding.type === 'Required' ? parentOf(finding.field) : finding.field)
    const now = valueAt(object, steps)
    return now === undefined || !isDeepEqual(now, valueAt(old, steps))
  })
}

function parentOf(field: string): string {
  return field.replace(/(\.[^.[\]]+|\[[^\]]*\])$/, '')
}

/** `spec.items[0].name`, `spec.map[key]` → its steps. */
function stepsOf(field: string): readonly string[] {
  return [...field.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map(([, index, name]) => index ?? name ?? '')
}

function valueAt(value: unknown, steps: readonly string[]): unknown {
  let at = value
  for (const step of steps) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<string, unknown>)[step]
  }
  return at
}
