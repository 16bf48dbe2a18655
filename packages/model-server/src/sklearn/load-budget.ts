import { ModelUnreadable } from '../runtime.ts'

/**
 * What loading may allocate, in proportion to the file. A pickle may name one big array a million times; without this, a
 * small file would become a huge model.
 */
export interface LoadBudget {
  /** Counts bytes that are about to be allocated. Throws ModelUnreadable when the file cannot justify them. */
  charge(bytes: number): void
  /** Counts an estimator; `path` says where it stands. */
  enter(path: string, depth: number): void
}

const bytesPerContentByte = 8
const baseBytes = 16 * 2 ** 20
const estimatorsMax = 200_000
const depthMax = 20

export function createLoadBudget(contentBytes: number): LoadBudget {
  let left = baseBytes + bytesPerContentByte * contentBytes
  let estimators = 0
  return {
    charge(bytes) {
      left -= bytes
      if (!(left >= 0)) {
        throw new ModelUnreadable(
          `the model would need far more memory than its ${contentBytes} bytes hold: the same parts are named over and ` +
            'over, save the model again',
        )
      }
    },
    enter(path, depth) {
      if (depth > depthMax || ++estimators > estimatorsMax) {
        throw new ModelUnreadable(`the model nests or holds too many estimators (at ${path.slice(0, 200)})`)
      }
    },
  }
}
