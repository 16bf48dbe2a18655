import type { Environment } from '@marcbachmann/cel-js'
import { formatCheck } from './formats.ts'
import { goQuote } from './go-text.ts'
import { compileRegexp, type Regexp } from './regexp-matcher.ts'

type CelModule = typeof import('@marcbachmann/cel-js')

/** Texts that functions make may get so long. */
const charactersMax = 1024 * 1024

/** Strings and regular expressions of Kubernetes' CEL, and its named formats. */
export function registerText(environment: Environment, module: CelModule): void {
  environment
    .registerFunction('string.matchesInLinearTime(string): bool', (text: string, pattern: string) =>
      regexp(pattern, module).test(text),
    )
    .registerFunction('matchesInLinearTime(string, string): bool', (text: string, pattern: string) =>
      regexp(pattern, module).test(text),
    )
    .registerFunction('string.find(string): string', (text: string, pattern: string) => {
      const found = regexp(pattern, module).exec(text)
      return found ? text.slice(found[0], found[1]) : ''
    })
    .registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
      findAll(regexp(pattern, module), text, -1),
    )
    .registerFunction('string.findAll(string, int): list<string>', (text: string, pattern: string, count: bigint) =>
      findAll(regexp(pattern, module), text, Number(count)),
    )
    .registerFunction('string.charAt(int): string', (text: string, at: bigint) => charAt([...text], Number(at), module))
    .registerFunction('string.replace(string, string): string', (text: string, old: string, next: string) =>
      replace(text, old, next, -1, module),
    )
    .registerFunction(
      'string.replace(string, string, int): string',
      (text: string, old: string, next: string, count: bigint) => replace(text, old, next, Number(count), module),
    )
    .registerFunction('string.format(list<dyn>): string', (text: string, values: readonly unknown[]) =>
      bounded(format(text, values, module), module),
    )
  registerFormats(environment, module)
  registerStrings(environment)
}

const compiled = new Map<string, Regexp>()
const compiledMax = 500

function regexp(pattern: string, module: CelModule): Regexp {
  const known = compiled.get(pattern)
  if (known) return known
  const result = compileRegexp(pattern)
  if (!result.ok) throw new module.EvaluationError(result.message)
  if (compiled.size >= compiledMax) compiled.clear()
  compiled.set(pattern, result.regexp)
  return result.regexp
}

/** The character after the last one is the empty text. */
function charAt(characters: readonly string[], at: number, module: CelModule): string {
  if (at < 0 || at > characters.length) throw new module.EvaluationError(`index out of range: ${at}`)
  return characters[at] ?? ''
}

function findAll(pattern: Regexp, text: string, max: number): string[] {
  const found: string[] = []
  for (let at = 0; at <= text.length && (max < 0 || found.length < max); ) {
    const [start, end] = pattern.exec(text, at) ?? []
    if (start === undefined || end === undefined) break
    found.push(text.slice(start, end))
    at = end > start ? end : end + 1
  }
  return found
}

function replace(text: string, old: string, next: string, max: number, module: CelModule): string {
  const found = old === '' ? text.length + 1 : text.split(old).length - 1
  if (text.length + found * next.length > charactersMax) throw tooLong(module)
  let left = max < 0 ? found : max
  return text.replaceAll(old, (match) => (left-- > 0 ? next : match))
}

function tooLong(module: CelModule): Error {
  return new module.EvaluationError(`text longer than ${charactersMax} characters`)
}

function bounded(text: string, module: CelModule): string {
  if (text.length > charactersMax) throw tooLong(module)
  return text
}

/** `%s %d %f %e %b %x %X %o`, with a precision for `%f` and `%e`. */
function format(text: string, values: readonly unknown[], module: CelModule): string {
  let next = 0
  return text.replace(
    /%(?:%|(?:\.(\d{1,3}))?([sdfebxXo]))|%/g,
    (match, precision: string | undefined, verb: string) => {
      if (match === '%%') return '%'
      if (verb === undefined) throw new module.EvaluationError('unrecognized formatting clause')
      if (next >= values.length) throw new module.EvaluationError(`index ${next} out of range`)
      return formatOne(verb, precision === undefined ? 6 : Number(precision), values[next++])
    },
  )
}

function formatOne(verb: string, precision: number, value: unknown): string {
  switch (verb) {
    case 'd':
      return String(value)
    case 'f':
      return Number(value).toFixed(precision)
    case 'e':
      return Number(value)
        .toExponential(precision)
        .replace(/e([+-])(\d)$/, 'e$10$2')
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : BigInt(value as bigint).toString(2)
    case 'o':
      return BigInt(value as bigint).toString(8)
    case 'x':
      return hex(value)
    case 'X':
      return hex(value).toUpperCase()
    default:
      return shown(value)
  }
}

function hex(value: unknown): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex')
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : BigInt(value as bigint).toString(16)
}

function shown(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => `${shown(key)}: ${shown(item)}`)
    return `{${entries.sort().join(', ')}}`
  }
  return value instanceof Date ? value.toISOString().replace('.000Z', 'Z') : String(value)
}

class StringsNamespace {}

function registerStrings(environment: Environment): void {
  const type = 'kubernetes.StringsNamespace'
  environment
    .registerType(type, { ctor: StringsNamespace, fields: {} })
    .registerConstant('strings', type, new StringsNamespace())
    .registerFunction(`${type}.quote(string): string`, (_strings: StringsNamespace, text: string) => goQuote(text))
}

class FormatNamespace {}
class NamedFormat {
  readonly check: (text: string) => readonly string[]
  constructor(check: (text: string) => readonly string[]) {
    this.check = check
  }
}

/** `format.dns1123Label().validate(text)` gives what is wrong, or nothing. */
function registerFormats(environment: Environment, module: CelModule): void {
  environment
    .registerType('kubernetes.FormatNamespace', { ctor: FormatNamespace, fields: {} })
    .registerType('kubernetes.NamedFormat', { ctor: NamedFormat, fields: {} })
    .registerConstant('format', 'kubernetes.FormatNamespace', new FormatNamespace())
    .registerFunction(
      'kubernetes.FormatNamespace.named(string): optional<kubernetes.NamedFormat>',
      (_format: FormatNamespace, name: string) => {
        const check = namedFormats[name]
        return check ? module.Optional.of(new NamedFormat(check)) : module.Optional.none()
      },
    )
    .registerFunction(
      'kubernetes.NamedFormat.validate(string): optional<list<string>>',
      (named: NamedFormat, text: string) => {
        const errors = named.check(text)
        return errors.length === 0 ? module.Optional.none() : module.Optional.of([...errors])
      },
    )
  for (const [name, check] of Object.entries(namedFormats)) {
    environment.registerFunction(
      `kubernetes.FormatNamespace.${name}(): kubernetes.NamedFormat`,
      () => new NamedFormat(check),
    )
  }
}

const isLabel = (text: string): boolean => text.length <= 63 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(text)
const isSubdomain = (text: string): boolean =>
  text.length <= 253 && text.split('.').every((part) => /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(part))
const isQualified = (text: string): boolean => /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(text)

function isQualifiedName(text: string): boolean {
  const parts = text.split('/')
  const name = parts.at(-1) ?? ''
  return (
    parts.length <= 2 && (parts.length === 1 || isSubdomain(parts[0] ?? '')) && name.length <= 63 && isQualified(name)
  )
}

const named =
  (isValid: (text: string) => boolean, detail: string) =>
  (text: string): readonly string[] =>
    isValid(text) ? [] : [detail]

const prefix =
  (isValid: (text: string) => boolean) =>
  (text: string): boolean =>
    isValid(text.endsWith('-') ? `${text.slice(0, -1)}a` : text)

const is1035 = (text: string): boolean => isLabel(text) && /^[a-z]/.test(text)

const namedFormats: Readonly<Record<string, (text: string) => readonly string[]>> = {
  dns1123Label: named(isLabel, 'must be a lowercase RFC 1123 label'),
  dns1123Subdomain: named(isSubdomain, 'must be a lowercase RFC 1123 subdomain'),
  dns1035Label: named(is1035, 'must be a DNS-1035 label'),
  dns1123LabelPrefix: named(prefix(isLabel), 'must be the start of a lowercase RFC 1123 label'),
  dns1123SubdomainPrefix: named(prefix(isSubdomain), 'must be the start of a lowercase RFC 1123 subdomain'),
  dns1035LabelPrefix: named(prefix(is1035), 'must be the start of a DNS-1035 label'),
  qualifiedName: named(isQualifiedName, 'must be a qualified name'),
  labelValue: named((text) => text === '' || (text.length <= 63 && isQualified(text)), 'must be a valid label value'),
  uri: named((text) => formatCheck('uri')?.(text) === true, 'must be a URI'),
  uuid: named((text) => formatCheck('uuid')?.(text) === true, 'does not match the UUID format'),
  byte: named((text) => formatCheck('byte')?.(text) === true, 'invalid base64'),
  date: named((text) => formatCheck('date')?.(text) === true, 'invalid date'),
  datetime: named((text) => formatCheck('date-time')?.(text) === true, 'invalid datetime'),
}
