const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/**
 * A Kubernetes quantity (`500m`, `1.5Gi`, `2e3`, 4) as a number of base units (cores, bytes); undefined when it is not
 * one. Exact up to 2^53, which is enough for a machine's memory.
 */
export function parseQuantity(text: string | number | undefined): number | undefined {
  if (typeof text === 'number') return Number.isFinite(text) ? text : undefined
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text?.trim() ?? '')
  if (!match) return undefined
  const [, digits, exponent, suffix] = match
  const scale = exponent === undefined ? (suffixes[suffix ?? ''] ?? 1) : 10 ** Number(exponent)
  return Number(digits) * scale
}

/** `value / divisor`, rounded up, as the downward API writes resource fields. */
export function divideQuantity(value: number, divisor: string | number | undefined): string {
  const by = parseQuantity(divisor) || 1
  // One part in 1e9 is the finest step a quantity has (nano); below it there is only floating-point noise.
  return String(Math.ceil(Math.round((value / by) * 1e9) / 1e9))
}
