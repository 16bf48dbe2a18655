import { parseCidr, parseIp } from './ip-address.ts'

/**
 * String formats that CRD schemas may name, as kube-openapi's strfmt checks them. Names are compared without dashes
 * (`date-time` is `datetime`); a format that is not here is ignored, as the real server does.
 */
const formats: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: (text) => /^[0-9a-fA-F]{24}$/.test(text),
  uri: isRequestUri,
  email: isEmail,
  hostname: isHostname,
  ipv4: (text) => text.includes('.') && parseIp(text, { leadingZeros: true }) !== undefined,
  ipv6: (text) => text.includes(':') && parseIp(text) !== undefined,
  cidr: (text) => parseCidr(text, { leadingZeros: true }) !== undefined,
  mac: (text) =>
    /^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}(?:[0-9a-f]{2}\1){0,14}[0-9a-f]{2}$/i.test(text) && isMacLength(text),
  uuid: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  uuid3: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  uuid4: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(text),
  uuid5: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(text),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text),
  rgbcolor: isRgbColor,
  byte: isBase64,
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(text),
  k8slongname: (text) =>
    text.length <= 253 && text.split('.').every((part) => /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(part)),
}

export type FormatCheck = (text: string) => boolean

/** The check of a format, or undefined where the format is not enforced. */
export function formatCheck(format: string): FormatCheck | undefined {
  const name = format.replaceAll('-', '')
  return Object.hasOwn(formats, name) ? formats[name] : undefined
}

function isRequestUri(text: string): boolean {
  if (text === '' || /\p{Cc}/u.test(text) || /%(?![0-9A-Fa-f]{2})/.test(text)) return false
  if (text.startsWith('/')) return true
  const match = /^[a-zA-Z][a-zA-Z0-9+.-]*:(?:\/\/([^/?]*))?/.exec(text)
  return match !== null && !/[\s<>"]/.test(match[1] ?? '')
}

function isEmail(text: string): boolean {
  const inBrackets = /<([^<>]*)>\s*$/.exec(text)
  const address = inBrackets ? (inBrackets[1] ?? '') : text.trim()
  const at = address.lastIndexOf('@')
  if (at < 1 || at === address.length - 1) return false
  const atom = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\uffff-]+$/
  const local = address.slice(0, at)
  const isLocal = /^"[^"]*"$/.test(local) || local.split('.').every((part) => atom.test(part))
  const domain = address.slice(at + 1)
  return isLocal && (/^\[[^\]]*\]$/.test(domain) || domain.split('.').every((part) => atom.test(part)))
}

function isHostname(text: string): boolean {
  if (text.length > 255) return false
  const labels = text.split('.')
  if (!labels.every((label) => label.length <= 63)) return false
  if (labels.length === 1) return /^[a-zA-Z0-9\p{S}\p{L}](?:-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?$/u.test(text)
  const top = labels.at(-1) ?? ''
  const label = /^[a-zA-Z0-9\p{S}\p{L}](?:[-a-zA-Z0-9\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?$/u
  return /^[a-zA-Z\p{L}]{2,63}$/u.test(top) && labels.slice(0, -1).every((part) => label.test(part))
}

function isMacLength(text: string): boolean {
  const bytes = text.split(/[:-]/).length
  return bytes === 6 || bytes === 8 || bytes === 20
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '')
  if (!/^\d{9}[\dX]$/.test(digits)) return false
  const sum = [...digits].reduce(
    (total, digit, index) => total + (10 - index) * (digit === 'X' ? 10 : Number(digit)),
    0,
  )
  return sum % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '')
  if (!/^\d{13}$/.test(digits)) return false
  return [...digits].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0) % 10 === 0
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '')
  const known =
    /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/
  if (!known.test(digits)) return false
  const luhn = [...digits].toReversed().reduce((sum, digit, index) => {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1)
    return sum + (value > 9 ? value - 9 : value)
  }, 0)
  return luhn % 10 === 0
}

function isRgbColor(text: string): boolean {
  const part = '(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])'
  return new RegExp(`^rgb\\(\\s*${part}\\s*,\\s*${part}\\s*,\\s*${part}\\s*\\)$`).test(text)
}

function isBase64(text: string): boolean {
  return text.length > 0 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text)
}

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!match) return false
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

function isDateTime(text: string): boolean {
  const [day = '', time, ...more] = text.toLowerCase().split('t')
  if (time === undefined || more.length > 0 || !isDate(day)) return false
  const match = /^(\d{2}):(\d{2}):(\d{2})(?:.\d+)?(?:z|[+-]\d{2}:\d{2})$/.exec(time)
  return match !== null && Number(match[1]) <= 23 && Number(match[2]) <= 59 && Number(match[3]) <= 59
}

const durationUnits = /^(?:ns|nano|us|µs|micro|ms|milli|s|sec|m|min|h|hr|hour|d|day|w|wk|week)/i

/** Go's time.ParseDuration, or words as Scala has them (`3 days`). */
function isDuration(text: string): boolean {
  if (isGoDuration(text)) return true
  const words = [...text.matchAll(/\d{1,18}\s*([A-Za-zµ]+)/g)]
  return words.some((match) => durationUnits.test(match[1] ?? ''))
}

/** `1h30m`, `-1.5s`, `0`. */
export function isGoDuration(text: string): boolean {
  return /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.test(text)
}
