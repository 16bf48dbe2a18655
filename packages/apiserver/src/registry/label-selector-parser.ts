import type { LabelRequirement } from './selector.ts'

export type ParsedSelector =
  | { readonly ok: true; readonly requirements: readonly LabelRequirement[] }
  /** In the words of apimachinery's labels.Parse. */
  | { readonly ok: false; readonly message: string }

const symbols: ReadonlySet<string> = new Set(['=', '==', '!=', '!', '<', '>', '(', ')', ','])
const key = /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/
const value = /^([A-Za-z0-9]([-\w.]*[A-Za-z0-9])?)?$/
const valueCharactersMax = 63
const nameCharactersMax = 63

class SelectorSyntaxError extends Error {}

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
    if (token === '' || symbols.has(token)) throw new SelectorSyntaxError(`found '${token}', expected: identifier`)
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
        throw new SelectorSyntaxError(`found '${token}', expected: in, notin, =, ==, !=, gt, lt`)
    }
  }

  /** Nothing before the comma or the end is the empty value. */
  function parseValue(): string {
    return peek() === '' || peek() === ',' ? '' : expectWord()
  }

  function parseValues(): readonly string[] {
    if (next() !== '(') throw new SelectorSyntaxError(`found '${tokens[at - 1] ?? ''}', expected: '('`)
    const values: string[] = []
    for (;;) {
      const token = peek()
      values.push(token === ',' || token === ')' ? '' : expectWord())
      const separator = next()
      if (separator === ')') return [...new Set(values)].sort()
      if (separator !== ',') throw new SelectorSyntaxError(`found '${separator}', expected: ',' or ')'`)
    }
  }

  while (peek() !== '') {
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
  if (!key.test(name) || (name.split('/').at(-1) ?? '').length > nameCharactersMax) {
    throw new SelectorSyntaxError(`key: Invalid value: ${JSON.stringify(name)}: ${keyText}`)
  }
  if (operator === 'gt' || operator === 'lt') {
    const [number = ''] = values
    if (/^-?\d+$/.test(number)) return requirement
    const why = "for 'Gt', 'Lt' operators, the value must be an integer"
    throw new SelectorSyntaxError(`values[0][${name}]: Invalid value: ${JSON.stringify(number)}: ${why}`)
  }
  for (const [position, item] of values.entries()) {
    if (item.length > valueCharactersMax) {
      throw new SelectorSyntaxError(
        `values[${position}][${name}]: Invalid value: ${JSON.stringify(item)}: must be no more than 63 bytes`,
      )
    }
    if (!value.test(item)) {
      throw new SelectorSyntaxError(
        `values[${position}][${name}]: Invalid value: ${JSON.stringify(item)}: ${valueText}`,
      )
    }
  }
  return requirement
}

const keyText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const valueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
