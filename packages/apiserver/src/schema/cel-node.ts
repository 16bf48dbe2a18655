/** A CEL syntax tree, as far as we look into it. */
export interface CelNode {
  readonly op: string
  args: unknown
  readonly start?: number
  readonly end?: number
  readonly meta: {
    /** What stands for it: a loop in place of a call. */
    readonly alternate?: CelNode
    readonly evaluate?: (...args: unknown[]) => unknown
  }
  setMeta(key: 'macro' | 'async' | 'evaluate', value: unknown): CelNode
}
