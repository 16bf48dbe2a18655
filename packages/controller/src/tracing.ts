/** What is told of a part of the work, beside its name and how long it took. Never a secret. */
export type SpanFacts = Readonly<Record<string, string | number | boolean>>

/** A part of the work that may have parts itself. */
export interface Span {
  /** False: nobody will see it, and nothing needs to be told. */
  readonly isRecording: boolean
  /** Runs a part. What it throws is noted, and thrown on. */
  part<T>(name: string, facts: SpanFacts, run: (span: Span) => T | Promise<T>): Promise<T>
}

/** Costs nothing, and tells nobody. */
export const noSpan: Span = {
  isRecording: false,
  part: async (_name, _facts, run) => run(noSpan),
}

/** Where whole works begin, each a trace of its own. */
export interface Tracing {
  readonly root: Span
  /** Sends what is not sent yet; gives up after a moment. */
  close(): Promise<void>
}
