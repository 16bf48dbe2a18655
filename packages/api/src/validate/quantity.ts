/** Kubernetes' grammar of quantities (apimachinery resource.Quantity), as its CRDs spell it. */
const grammar = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d+))?$/

const binary: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n }
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }

/** As a JavaScript number, which is one more: between the two there is none. */
export const int64Max = 2 ** 63

/** Digits beyond which an exponent cannot belong to any real quantity; bounds the work. */
const exponentMax = 40

const billion = 1_000_000_000n

/**
 * The amount in billionths (cpu `500m` is 500 000 000n), rounded up as Kubernetes does; undefined when it isn't a
 * quantity. Numbers are taken as written.
 */
export function parseQuantity(value: unknown): bigint | undefined {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return undefined
  const match = grammar.exec(text)
  if (!match) return undefined
  const [, sign, digits = '', binarySuffix, decimalSuffix, exponent] = match
  const [whole = '', fraction = ''] = digits.split('.')
  let amount = BigInt(`${whole}${fraction}` || '0')
  const power = (decimalSuffix ? (decimal[decimalSuffix] ?? 0) : Number(exponent ?? 0)) + 9 - fraction.length
  if (Math.abs(power) > exponentMax) return undefined
  if (binarySuffix) amount <<= binary[binarySuffix] ?? 0n
  amount = power >= 0 ? amount * 10n ** BigInt(power) : divideUp(amount, 10n ** BigInt(-power))
  return sign === '-' ? -amount : amount
}

/** The amount in base units (cores, bytes), as near as a number comes; undefined when it isn't a quantity. */
export function quantityValue(value: unknown): number | undefined {
  const amount = parseQuantity(value)
  return amount === undefined ? undefined : Number(amount / billion) + Number(amount % billion) / 1e9
}

function divideUp(amount: bigint, by: bigint): bigint {
  return (amount + by - 1n) / by
}

export function isQuantity(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) <= int64Max
  return typeof value === 'string' && grammar.test(value)
}
