import type { Session } from './session.ts'

/**
 * A piece of a client's life that is played on both servers, each in a namespace of its own; every answer is recorded and
 * both transcripts must be equal.
 */
export interface Scenario {
  /** The promise. */
  readonly name: string
  readonly play: (api: Session) => Promise<void>
}
