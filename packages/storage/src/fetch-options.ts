/** What may not be exceeded; beyond it the fetch fails with `TooLarge` and leaves nothing behind. */
export interface FetchLimits {
  /** All files of one model together, unpacked. */
  readonly bytesMax: number
  readonly entriesMax: number
  /** How many times larger than an archive its files may be, beyond the first GiB: more is no model but a bomb. */
  readonly unpackRatioMax: number
  readonly redirectsMax: number
  readonly attemptsMax: number
  /** How long the other side may send nothing. */
  readonly idleMs: number
}

export const defaultLimits: FetchLimits = {
  bytesMax: 256 * 1024 ** 3,
  entriesMax: 100_000,
  unpackRatioMax: 200,
  redirectsMax: 5,
  attemptsMax: 4,
  idleMs: 60_000,
}

export interface FetchOptions {
  readonly signal?: AbortSignal
  /** One line about progress. */
  readonly log?: (message: string, fields?: Readonly<Record<string, unknown>>) => void
  readonly limits?: Partial<FetchLimits>
  /** Request headers by host, proxies and certificates come from here; process.env unless given. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Where relative `file://` URIs start; the working directory unless given. */
  readonly workingDirectory?: string
}

/** What one scheme works with: every option decided. */
export interface FetchJob {
  readonly uri: string
  /** An empty directory that becomes the model's when the scheme is done. */
  readonly staging: string
  readonly signal: AbortSignal
  readonly log: (message: string, fields?: Readonly<Record<string, unknown>>) => void
  readonly limits: FetchLimits
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
}
