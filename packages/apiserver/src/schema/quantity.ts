/**
 * Kubernetes quantities (`500m`, `2Gi`, `1e3`): exact arithmetic in billionths, which is their finest unit, and the
 * canonical spelling that the API server stores.
 */
export interface Quantity {
  /** Value × 10⁹. */
  readonly nano: bigint
  readonly format: 'DecimalSI' | 'BinarySI' | 'DecimalExponent'
}

export const quantitySyntax =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

const billion = 1_000_000_000n
/** Larger values are capped here, as the real server does. */
const valueMax = (2n ** 63n - 1n) * billion
/** Longer texts are no quantities, only work. */
const charactersMax = 256
const exponentMax = 100

/** Suffixes of the powers of ten, three apart, from the smallest to the largest. */
const suffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'].map(
  (suffix, index) => [suffix, 3 * index - 9] as const,
)
const decimalExponents: Readonly<Record<string, number>> = Object.fromEntries(suffixes)
const binaryExponents: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n }
const decimalSuffixes = suffixes.map(([suffix, exponent]) => [exponent, suffix] as const).toReversed()

/** Reads a quantity; undefined where the text is none (then `quantitySyntax` says what it should be). */
export function parseQuantity(text: string): Quantity | undefined {
  if (text.length > charactersMax) return undefined
  const match = /^([+-]?)(\d*)(?:\.(\d*))?([A-Za-z]*)([+-]?\d*)$/.exec(text)
  if (!match) return undefined
  const [, sign = '', whole = '', fraction = '', suffix = '', digits = ''] = match
  if (whole === '' && fraction === '') return undefined
  const scale = scaleOf(suffix, digits)
  if (!scale) return undefined
  const mantissa = BigInt(`${whole}${fraction}`)
  const magnitude = min(scaled(mantissa * scale.factor, scale.exponent - fraction.length + 9), valueMax)
  return { nano: sign === '-' ? -magnitude : magnitude, format: scale.format }
}

function scaleOf(
  suffix: string,
  digits: string,
): { factor: bigint; exponent: number; format: Quantity['format'] } | undefined {
  if (digits !== '') {
    const exponent = Number(digits)
    if ((suffix !== 'e' && suffix !== 'E') || !Number.isInteger(exponent) || Math.abs(exponent) > exponentMax)
      return undefined
    return { factor: 1n, exponent, format: 'DecimalExponent' }
  }
  const power = binaryExponents[suffix]
  if (power !== undefined) return { factor: 2n ** power, exponent: 0, format: 'BinarySI' }
  const exponent = decimalExponents[suffix]
  return exponent === undefined ? undefined : { factor: 1n, exponent, format: 'DecimalSI' }
}

/** mantissa × 10^exponent, rounded away from zero: whoever asks for something gets something. */
function scaled(mantissa: bigint, exponent: number): bigint {
  if (exponent >= 0) return mantissa * 10n ** BigInt(exponent)
  const divisor = 10n ** BigInt(-exponent)
  return (mantissa + divisor - 1n) / divisor
}

/** The one spelling that is stored: no fraction, the largest suffix that keeps it whole. */
export function formatQuantity(quantity: Quantity): string {
  const { nano } = quantity
  if (nano === 0n) return '0'
  const sign = nano < 0n ? '-' : ''
  const size = nano < 0n ? -nano : nano
  if (quantity.format === 'BinarySI' && size >= 1024n * billion && size % billion === 0n) {
    return sign + formatBinary(size / billion)
  }
  for (const [exponent, suffix] of decimalSuffixes) {
    const unit = 10n ** BigInt(exponent + 9)
    if (size % unit !== 0n) continue
    const text = quantity.format === 'DecimalExponent' && exponent !== 0 ? `e${exponent}` : suffix
    return `${sign}${size / unit}${text}`
  }
  return `${sign}${size}n`
}

function formatBinary(value: bigint): string {
  let rest = value
  let index = 0
  const suffixes = ['', ...Object.keys(binaryExponents)]
  while (rest % 1024n === 0n && index < suffixes.length - 1) {
    rest /= 1024n
    index++
  }
  return `${rest}${suffixes[index]}`
}

/** The canonical spelling of a quantity given as text or number, or undefined where it is none. */
export function canonicalQuantity(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const quantity = parseQuantity(String(value).trim())
  return quantity && formatQuantity(quantity)
}

/** The same in a resource list, where thousandths are the finest unit: finer amounts are rounded up. */
export function canonicalResource(value: unknown): string | undefined {
  const quantity =
    typeof value === 'string' || typeof value === 'number' ? parseQuantity(String(value).trim()) : undefined
  if (!quantity) return undefined
  const milli = 1_000_000n
  const rest = quantity.nano % milli
  const nano = rest === 0n ? quantity.nano : quantity.nano - rest + (rest > 0n ? milli : -milli)
  return formatQuantity({ ...quantity, nano })
}

export function compareQuantities(a: Quantity, b: Quantity): -1 | 0 | 1 {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
