/** A CEL syntax tree, as far as we look into it. */
export interface CelNode {
  readonly op: string
  args: unknown
  readonly start?: number
  readonly end?: number
  setMeta(key: 'macro' | 'async', value: unknown): CelNode
}
