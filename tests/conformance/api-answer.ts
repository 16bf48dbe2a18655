/** One recorded step of a scenario: what was asked, and everything of the answer that a client may depend on. */
export interface Step {
  readonly step: string
  readonly answer: unknown
}

/** An HTTP answer as scenarios see it. */
export interface ApiAnswer {
  readonly status: number
  readonly contentType: string
  /** Texts of the Warning headers. */
  readonly warnings: readonly string[]
  /** Parsed where it is JSON, text otherwise. */
  readonly body: unknown
}

export interface WatchEvent {
  readonly type: string
  readonly object: unknown
}

/** The value at a path, undefined where there is none. */
export function valueAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined
    here = (here as Readonly<Record<string | number, unknown>>)[key]
  }
  return here
}

/** The text at a path, '' where there is none. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = valueAt(value, ...path)
  return typeof found === 'string' ? found : ''
}

export function itemsOf(list: unknown): readonly unknown[] {
  const items = valueAt(list, 'items')
  return Array.isArray(items) ? items : []
}

export const revisionOf = (answer: ApiAnswer): string => textAt(answer.body, 'metadata', 'resourceVersion')
export const uidOf = (answer: ApiAnswer): string => textAt(answer.body, 'metadata', 'uid')
