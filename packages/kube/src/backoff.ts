export interface BackoffOptions {
  readonly firstMs: number
  readonly maxMs: number
  readonly factor?: number
  /** 0.2 adds up to 20 %. */
  readonly jitter?: number
  /** A number in [0, 1), as Math.random. */
  readonly random: () => number
}

/** How long to wait after the `failures`th failure in a row (1 is the first): exponential, bounded, with jitter. */
export function backoffMs(failures: number, options: BackoffOptions): number {
  const factor = options.factor ?? 2
  const jitter = options.jitter ?? 0.2
  const exponent = Math.min(Math.max(failures, 1) - 1, 60)
  const plain = Math.min(options.firstMs * factor ** exponent, options.maxMs)
  return Math.min(plain * (1 + jitter * options.random()), options.maxMs)
}
