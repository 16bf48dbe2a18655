import type { Session } from './session.ts'

/** One measured number. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** `value` against something measured in the same run: the part of a figure that means something on another machine. */
  readonly ratio?: { readonly value: number; readonly of: string }
}

export interface BenchPart {
  readonly name: string
  readonly title: string
  /** The part is given up, its processes ended, when it takes longer. */
  readonly timeoutMs: number
  /** It takes minutes, or more than Node and npm: left out unless it is asked for. */
  readonly isOnlyByName?: boolean
  run(session: Session): Promise<readonly Figure[]>
}

/** A figure with its ratio to a yardstick of the same run. */
export function against(name: string, value: number, unit: string, yardstick: number, of: string): Figure {
  return { name, value, unit, ratio: { value: value / yardstick, of } }
}

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** `share` 0.5 is the median; between two values it is interpolated. NaN for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}
