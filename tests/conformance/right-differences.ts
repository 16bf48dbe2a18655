/** A difference between the embedded server and kube-apiserver that is right to have. Patterns that are absent fit all. */
export interface RightDifference {
  readonly scenario?: RegExp
  readonly step?: RegExp
  readonly path?: RegExp
  readonly reason: string
}

/** Each with its reason; a rule that nothing needs any more fails the suite. */
export const rightDifferences: readonly RightDifference[] = []
