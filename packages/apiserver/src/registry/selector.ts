import { badRequest } from '../http/api-error.ts'
import { type LabelRequirement, parseLabelRequirements } from './label-selector-parser.ts'

export type Labels = Readonly<Record<string, string>>

interface FieldRequirement {
  readonly field: string
  readonly value: string
  readonly isNegated: boolean
}

export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[]
}

export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[]
}

/** metav1's selector syntax: `a=b,c!=d,e in (f,g),h,!i`. Throws 400. */
export function parseLabelSelector(text: string): LabelSelector {
  const parsed = parseLabelRequirements(text)
  if (!parsed.ok) throw badRequest(parsed.message)
  return { requirements: parsed.requirements }
}

export function matchesLabels({ requirements }: LabelSelector, labels: Labels | undefined): boolean {
  return requirements.every((requirement) => isMet(requirement, labels?.[requirement.key]))
}

function isMet({ operator, values }: LabelRequirement, actual: string | undefined): boolean {
  switch (operator) {
    case 'in':
      return actual !== undefined && values.includes(actual)
    case 'notin':
      return actual === undefined || !values.includes(actual)
    case 'exists':
      return actual !== undefined
    case '!':
      return actual === undefined
    case 'gt':
      return actual !== undefined && Number(actual) > Number(values[0])
    case 'lt':
      return actual !== undefined && Number(actual) < Number(values[0])
    default:
      return operator satisfies never
  }
}

/** metav1.LabelSelector of an object (`matchLabels`, `matchExpressions`). An absent selector matches everything. */
export function fromLabelSelectorObject(selector: unknown): LabelSelector {
  const requirements: LabelRequirement[] = []
  if (typeof selector !== 'object' || selector === null) return { requirements }
  const { matchLabels, matchExpressions } = selector as { matchLabels?: unknown; matchExpressions?: unknown }
  for (const [key, value] of Object.entries(matchLabels ?? {})) {
    requirements.push({ key, operator: 'in', values: [String(value)] })
  }
  for (const expression of Array.isArray(matchExpressions) ? matchExpressions : []) {
    const operator = expressionOperators.get(String(expression.operator))
    if (!operator) throw badRequest(`${JSON.stringify(expression.operator)} is not a valid label selector operator`)
    const values = Array.isArray(expression.values) ? expression.values.map(String) : []
    requirements.push({ key: String(expression.key), operator, values })
  }
  return { requirements }
}

const expressionOperators: ReadonlyMap<string, LabelRequirement['operator']> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
])

/** `metadata.name=a,status.phase!=Running`; a backslash escapes comma, equals sign and itself. Throws 400. */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = []
  for (const part of splitUnescaped(text)) {
    if (part === '') continue
    const match = /^(?<field>(?:[^\\=!]|\\.)+?)(?<operator>!=|==|=)(?<value>.*)$/s.exec(part)
    if (!match?.groups) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`)
    const { field = '', operator, value = '' } = match.groups
    requirements.push({ field, value: value.replace(/\\([\\,=])/g, '$1'), isNegated: operator === '!=' })
  }
  return { requirements }
}

function splitUnescaped(text: string): readonly string[] {
  return text.match(/(?:[^\\,]|\\.)+/gs) ?? []
}

export function matchesFields({ requirements }: FieldSelector, fields: Labels): boolean {
  return requirements.every(({ field, value, isNegated }) => ((fields[field] ?? '') === value) !== isNegated)
}
