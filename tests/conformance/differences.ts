import { type Step, textAt, valueAt } from './api-answer.ts'
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
    const outcomes = [outcomeOf(left?.answer), outcomeOf(right?.answer)] as const
    if (outcomes[0] !== outcomes[1]) {
      found.push({
        scenario,
        step,
        path: 'status',
        real: outcomeOf(left?.answer, true),
        embedded: outcomeOf(right?.answer, true),
      })
      continue
    }
    compare(left?.answer, right?.answer, '', (path, one, other) =>
      found.push({ scenario, step, path, real: one, embedded: other }),
    )
  }
  return found
}

/** The code of an answer, with its message where one is asked for: an object and a refusal have nothing else to compare. */
function outcomeOf(answer: unknown, withMessage = false): unknown {
  const status = valueAt(answer, 'status')
  if (typeof status !== 'number') return undefined
  const message = textAt(answer, 'body', 'message')
  return withMessage && message !== '' ? `${String(status)} ${message}` : status
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
  const names = [namesIn(real), namesIn(embedded)] as const
  if (names[0] !== names[1]) {
    report(`${path} names`, names[0], names[1])
    return
  }
  const left: Readonly<Record<string, unknown>> = { ...real }
  const right: Readonly<Record<string, unknown>> = { ...embedded }
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    compare(left[key], right[key], path === '' ? key : `${path}.${key}`, report)
  }
}

/** The names of the objects in a list: when they differ, comparing one object with another tells nothing. */
function namesIn(tree: object): string {
  return Array.isArray(tree)
    ? tree
        .map((item) => textAt(item, 'metadata', 'name'))
        .join(' ')
        .trim()
    : ''
}

/** Whether a rule says that this difference is right to have. */
export function isRight(rule: RightDifference, difference: Difference): boolean {
  const fits = (pattern: RegExp | undefined, text: string): boolean => pattern === undefined || pattern.test(text)
  return (
    fits(rule.scenario, difference.scenario) &&
    fits(rule.step, difference.step) &&
    fits(rule.path, difference.path) &&
    fits(rule.real, asText(difference.real)) &&
    fits(rule.embedded, asText(difference.embedded))
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

const asText = (value: unknown): string =>
  value === undefined ? '(absent)' : typeof value === 'string' ? value : JSON.stringify(value)

function short(value: unknown): string {
  const text = asText(value)
  return text.length > 600 ? `${text.slice(0, 600)}…` : text
}
