import type { Difference } from './difference.ts'

/** One thing that is done differently on purpose. A difference in a case must be covered by one of these, or it fails. */
export interface Rule {
  readonly name: string
  /** Why ours is right: the sentence of the documentation. */
  readonly why: string
  /** Where: matched against the difference's path. */
  readonly path: RegExp
  readonly theirs?: RegExp
  readonly ours?: RegExp
}

export const rules: readonly Rule[] = []

export function ruleFor(difference: Difference): Rule | undefined {
  return rules.find(
    (rule) =>
      rule.path.test(difference.path) &&
      (rule.theirs?.test(text(difference.theirs)) ?? true) &&
      (rule.ours?.test(text(difference.ours)) ?? true),
  )
}

function text(value: unknown): string {
  return value === undefined ? '<absent>' : typeof value === 'string' ? value : JSON.stringify(value)
}
