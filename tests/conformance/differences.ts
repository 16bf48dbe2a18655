import type { Step } from './api-answer.ts'
import type { RightDifference } from './right-differences.ts'

export interface Difference {
  readonly scenario: string
  readonly step: string
  /** Dotted, from the answer down. */
  readonly path: string
  readonly real: unknown
  readonly embedded: unknown
}

/** Where two transcripts of one scenario part, path by path. */
export function findDifferences(
  scenario: string,
  real: readonly Step[],
  embedded: readonly Step[],
): readonly Difference[] {
  const found: Difference[] = []
  for (let index = 0; index < Math.max(real.length, embedded.length); index++) {
    const left = real[index]
    const right = embedded[index]
    const step = `${index + 1} ${left?.step ?? right?.step ?? ''}`
    if (left?.step !== right?.step) {
      found.push({ scenario, step, path: 'step', real: left?.step, embedded: right?.step })
      break
    }
    compare(left?.answer, right?.answer, '', (path, one, other) =>
      found.push({ scenario, step, path, real: one, embedded: other }),
    )
  }
  return found
}

function compare(
  real: unknown,
  embedded: unknown,
  path: string,
  report: (path: string, real: unknown, embedded: unknown) => void,
): void {
  if (Object.is(real, embedded)) return
  const isTree = (value: unknown): value is object => typeof value === 'object' && value !== null
  if (!isTree(real) || !isTree(embedded) || Array.isArray(real) !== Array.isArray(embedded)) {
    report(path, real, embedded)
    return
  }
  const left: Readonly<Record<string, unknown>> = { ...real }
  const right: Readonly<Record<string, unknown>> = { ...embedded }
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    compare(left[key], right[key], path === '' ? key : `${path}.${key}`, report)
  }
}

/** Whether a rule says that this difference is right to have. */
export function isRight(rule: RightDifference, difference: Difference): boolean {
  const fits = (pattern: RegExp | undefined, text: string): boolean => pattern === undefined || pattern.test(text)
  return (
    fits(rule.scenario, difference.scenario) && fits(rule.step, difference.step) && fits(rule.path, difference.path)
  )
}

/** Readable lines, bounded: one broken answer must not bury the others. */
export function describeDifferences(differences: readonly Difference[], linesMax = 60): string {
  const lines = differences.slice(0, linesMax).flatMap(({ step, path, real, embedded }, index) => {
    const title = differences[index - 1]?.step === step ? [] : [`  ${step}`]
    return [...title, `    ${path}`, `      real      ${short(real)}`, `      embedded  ${short(embedded)}`]
  })
  const left = differences.length - linesMax
  return [...lines, ...(left > 0 ? [`  and ${left} more`] : [])].join('\n')
}

function short(value: unknown): string {
  const text = value === undefined ? '(absent)' : JSON.stringify(value)
  return text.length > 600 ? `${text.slice(0, 600)}…` : text
}
