const suffixes: Readonly<Record<string, readonly [bigint, bigint]>> = {
  n: [1n, 1_000_000_000n],
  u: [1n, 1_000_000n],
  m: [1n, 1_000n],
  '': [1n, 1n],
  k: [10n ** 3n, 1n],
  M: [10n ** 6n, 1n],
  G: [10n ** 9n, 1n],
  T: [10n ** 12n, 1n],
  P: [10n ** 15n, 1n],
  E: [10n ** 18n, 1n],
  Ki: [2n ** 10n, 1n],
  Mi: [2n ** 20n, 1n],
  Gi: [2n ** 30n, 1n],
  Ti: [2n ** 40n, 1n],
  Pi: [2n ** 50n, 1n],
  Ei: [2n ** 60n, 1n],
}

/** `1000m` and `1` are the same amount: a server answers with the shorter one. False where either is no quantity. */
export function isSameQuantity(a: string, b: string): boolean {
  const [left, right] = [nanos(a), nanos(b)]
  return left !== undefined && left === right
}

/**
 * A quantity (`500m`, `1.5Gi`, `2e3`, 4) as a number of base units (cores, bytes); undefined when it is not one. Exact up to
 * 2^53, which is enough for a machine's memory.
 */
export function quantityValue(quantity: string | number | undefined): number | undefined {
  const amount = quantity === undefined ? undefined : nanos(String(quantity))
  return amount === undefined ? undefined : Number(amount / 10n ** 9n) + Number(amount % 10n ** 9n) / 1e9
}

/** resource.Quantity's grammar, in units of 10⁻⁹ (its finest step); finer parts are rounded up, as it does. */
function nanos(text: string): bigint | undefined {
  const match =
    /^([+-]?)(\d{0,40})(?:\.(\d{0,40}))?(?:(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?\d{1,2}))?$/.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', suffix = '', exponent] = match
  if (whole === '' && fraction === '') return undefined
  const [factor, divisor] = suffixes[suffix] ?? [1n, 1n]
  const power = BigInt(exponent ?? 0)
  const numerator = BigInt(whole + fraction) * factor * 10n ** 9n * (power > 0n ? 10n ** power : 1n)
  const denominator = 10n ** BigInt(fraction.length) * divisor * (power < 0n ? 10n ** -power : 1n)
  const value = (numerator + denominator - 1n) / denominator
  return sign === '-' ? -value : value
}
