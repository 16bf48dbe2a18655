/**
 * Kubernetes' rules for names. Each function gives the sentences of what is wrong, in the real server's words; empty: the
 * value is fine.
 */

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const subdomain = `${label}(\\.${label})*`
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const configKey = '[-._a-zA-Z0-9]+'
const headerName = '[-A-Za-z0-9]+'
const percent = '[0-9]+%'

const whole = (syntax: string): RegExp => new RegExp(`^(?:${syntax})$`)
const patterns = {
  label: whole(label),
  subdomain: whole(subdomain),
  label1035: whole(label1035),
  qualified: whole(qualified),
  wildcard: whole(`\\*\\.${subdomain}`),
  configKey: whole(configKey),
  headerName: whole(headerName),
  percent: whole(percent),
}

const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const label1035Text =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
const qualifiedText =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const wildcardText =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"

function syntaxError(text: string, syntax: string, ...examples: readonly string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ')
  return `${text} (e.g. ${shown}regex used for validation is '${syntax}')`
}

const tooManyCharacters = (max: number): string => `must be no more than ${max} characters`
const byteLength = (value: string): number => Buffer.byteLength(value)

export function subdomainErrors(value: string): string[] {
  const errors = byteLength(value) > 253 ? [tooManyCharacters(253)] : []
  if (!patterns.subdomain.test(value)) errors.push(syntaxError(subdomainText, subdomain, 'example.com'))
  return errors
}

export function labelErrors(value: string): string[] {
  const errors = byteLength(value) > 63 ? [tooManyCharacters(63)] : []
  if (patterns.label.test(value)) return errors
  if (patterns.subdomain.test(value)) return [...errors, 'must not contain dots']
  return [...errors, syntaxError(labelText, label, 'my-name', '123-abc')]
}

export function label1035Errors(value: string): string[] {
  const errors = byteLength(value) > 63 ? [tooManyCharacters(63)] : []
  if (!patterns.label1035.test(value)) errors.push(syntaxError(label1035Text, label1035, 'my-name', 'abc-123'))
  return errors
}

export function wildcardErrors(value: string): string[] {
  const errors = byteLength(value) > 253 ? [tooManyCharacters(253)] : []
  if (!patterns.wildcard.test(value)) {
    errors.push(syntaxError(wildcardText, `\\*\\.${subdomain}`, '*.example.com'))
  }
  return errors
}

/** Names of objects that only have to fit into a URL (roles). */
export function pathSegmentErrors(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`]
  return ['/', '%'].filter((char) => value.includes(char)).map((char) => `may not contain '${char}'`)
}

/** `name` or `prefix.example/name`: keys of labels and annotations, finalizers, taints. */
export function qualifiedNameErrors(value: string): string[] {
  const syntax = syntaxError(qualifiedText, qualified, 'MyName', 'my.name', '123-abc')
  const parts = value.split('/')
  const name = parts.at(-1) ?? ''
  if (parts.length > 2) {
    return [`a qualified name ${syntax} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const errors: string[] = []
  const [prefix] = parts
  if (parts.length === 2 && prefix === '') errors.push('prefix part must be non-empty')
  else if (parts.length === 2) errors.push(...subdomainErrors(prefix ?? '').map((error) => `prefix part ${error}`))
  if (name === '') errors.push('name part must be non-empty')
  else if (byteLength(name) > 63) errors.push(`name part ${tooManyCharacters(63)}`)
  if (!patterns.qualified.test(name)) errors.push(`name part ${syntax}`)
  return errors
}

export function labelValueErrors(value: string): string[] {
  const errors = byteLength(value) > 63 ? [tooManyCharacters(63)] : []
  if (value === '' || patterns.qualified.test(value)) return errors
  const text = `a valid label must be an empty string or consist of ${qualifiedText.slice('must consist of '.length)}`
  return [...errors, syntaxError(text, `(${qualified})?`, 'MyValue', 'my_value', '12345')]
}

export function portNameErrors(value: string): string[] {
  const errors = byteLength(value) > 15 ? [tooManyCharacters(15)] : []
  if (!/^[-a-z0-9]+$/.test(value)) {
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  }
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)')
  if (value.includes('--')) errors.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen')
  return errors
}

export function configKeyErrors(value: string): string[] {
  const errors = byteLength(value) > 253 ? [tooManyCharacters(253)] : []
  if (!patterns.configKey.test(value)) {
    const text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    errors.push(syntaxError(text, configKey, 'key.name', 'KEY_NAME', 'key-name'))
  }
  if (value === '.' || value === '..') errors.push(`must not be '${value}'`)
  else if (value.startsWith('..')) errors.push("must not start with '..'")
  return errors
}

export function headerNameErrors(value: string): string[] {
  if (patterns.headerName.test(value)) return []
  const text = "a valid HTTP header must consist of alphanumeric characters or '-'"
  return [syntaxError(text, headerName, 'X-Header-Name')]
}

export function percentErrors(value: string): string[] {
  if (patterns.percent.test(value)) return []
  const text = "a valid percent string must be a numeric string followed by an ending '%'"
  return [syntaxError(text, percent, '1%', '93%')]
}

export const portRange = 'must be between 1 and 65535, inclusive'
export const idRange = 'must be between 0 and 2147483647, inclusive'
export const notNegative = 'must be greater than or equal to 0'
export const addressText = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
