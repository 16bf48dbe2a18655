import { labelValueErrors, qualifiedNameErrors } from '../builtin/names.ts'
import { fieldErrorMessage, invalid } from '../schema/field-error.ts'

export type ParsedSelector =
  | { readonly ok: true; readonly requirements: readonly LabelRequirement[] }
  /** In the words of apimachinery's labels.Parse. */
  | { readonly ok: false; readonly message: string }

const symbols: ReadonlySet<string> = new Set(['=', '==', '!=', '!', '<', '>', '(', ')', ','])

class SelectorSyntaxError extends Error {}

/** What is wrong inside one requirement is told apart from what is wrong between them. */
const inRequirement = (why: string): SelectorSyntaxError =>
  new SelectorSyntaxError(`unable to parse requirement: ${why}`)

/** Grammar: requirements with commas between; each is `!key`, `key`, `key op value` or `key in|notin (values)`. */
export function parseLabelRequirements(text: string): ParsedSelector {
  try {
    return { ok: true, requirements: parse(tokenize(text)) }
  } catch (error) {
    if (error instanceof SelectorSyntaxError) return { ok: false, message: error.message }
    throw error
  }
}

/** Symbols and words; '' marks the end. */
function tokenize(text: string): readonly string[] {
  return [...(text.match(/==|!=|[=!<>(),]|[^\s=!<>(),]+/g) ?? []), '']
}

function parse(tokens: readonly string[]): readonly LabelRequirement[] {
  const requirements: LabelRequirement[] = []
  let at = 0
  const peek = (): string => tokens[at] ?? ''
  const next = (): string => tokens[at++] ?? ''
  const expectWord = (): string => {
    const token = next()
    if (token === '' || symbols.has(token)) throw inRequirement(`found '${token}', expected: identifier`)
    return token
  }

  function parseRequirement(): LabelRequirement {
    if (peek() === '!') {
      next()
      return checked({ key: expectWord(), operator: '!', values: [] })
    }
    const name = expectWord()
    const token = next()
    switch (token) {
      case '':
      case ',':
        at--
        return checked({ key: name, operator: 'exists', values: [] })
      case '=':
      case '==':
        return checked({ key: name, operator: 'in', values: [parseValue()] })
      case '!=':
        return checked({ key: name, operator: 'notin', values: [parseValue()] })
      case '<':
      case '>':
        return checked({ key: name, operator: token === '<' ? 'lt' : 'gt', values: [parseValue()] })
      case 'in':
      case 'notin':
        return checked({ key: name, operator: token, values: parseValues() })
      default:
        throw inRequirement(`found '${token}', expected: in, notin, =, ==, !=, gt, lt`)
    }
  }

  /** Nothing before the comma or the end is the empty value. */
  function parseValue(): string {
    return peek() === '' || peek() === ',' ? '' : expectWord()
  }

  function parseValues(): readonly string[] {
    if (next() !== '(') throw inRequirement(`found '${tokens[at - 1] ?? ''}' expected: '('`)
    const values: string[] = []
    for (;;) {
      const token = peek()
      if (token === '') throw inRequirement("found '', expected: ',', or identifier")
      values.push(token === ',' || token === ')' ? '' : expectWord())
      const separator = next()
      if (separator === ')') return [...new Set(values)].sort()
      if (separator !== ',') throw inRequirement(`found '${separator}', expected: ',' or ')'`)
    }
  }

  while (peek() !== '') {
    if (peek() !== '!' && symbols.has(peek())) {
      throw new SelectorSyntaxError(`found '${peek()}', expected: !, identifier, or 'end of string'`)
    }
    requirements.push(parseRequirement())
    const separator = next()
    if (separator === '') break
    if (separator !== ',') throw new SelectorSyntaxError(`found '${separator}', expected: ',' or 'end of string'`)
    if (peek() === '') throw new SelectorSyntaxError("found '', expected: identifier after ','")
  }
  return requirements
}

function checked(requirement: LabelRequirement): LabelRequirement {
  const { key: name, operator, values } = requirement
  const refuse = (field: string, value: string, errors: readonly string[]): void => {
    if (errors.length > 0) throw inRequirement(fieldErrorMessage(invalid(field, value, errors.join('; '))))
  }
  refuse('', name, qualifiedNameErrors(name))
  if (operator === 'gt' || operator === 'lt') {
    const [number = ''] = values
    const isInteger = /^-?\d+$/.test(number)
    refuse('values[0]', number, isInteger ? [] : ["for 'Gt', 'Lt' operators, the value must be an integer"])
    return requirement
  }
  for (const [position, item] of values.entries()) refuse(`values[${position}][${name}]`, item, labelValueErrors(item))
  return requirement
}

export interface LabelRequirement {
  readonly key: string
  readonly operator: 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'
  readonly values: readonly string[]
}
