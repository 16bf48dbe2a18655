import { InvalidInput } from './invalid-input.ts'
import { describeJson } from './json-body.ts'
import { elementCount } from './tensor.ts'

/** More dimensions than any model has; a bound on what one body can make us walk. */
export const dimensionsMax = 32

/** The shape of nested JSON arrays, read along their first elements. The rest is checked when it is read by `forEachRow`. */
export function measureShape(data: readonly unknown[], at: string): number[] {
  const shape: number[] = []
  let level: unknown = data
  while (Array.isArray(level)) {
    shape.push(level.length)
    if (shape.length > dimensionsMax) throw new InvalidInput(`${at} nests more than ${dimensionsMax} arrays.`)
    level = level[0]
  }
  return shape
}

/**
 * Calls `readRow` for each innermost array in order, with the flat offset of its first element. Throws `InvalidInput`
 * where an array is longer or shorter than its first sibling, or is no array.
 */
export function forEachRow(
  data: readonly unknown[],
  shape: readonly number[],
  at: string,
  readRow: (row: readonly unknown[], offset: number) => void,
): void {
  const walk = (part: readonly unknown[], depth: number, offset: number): number => {
    const size = shape[depth] ?? 0
    if (part.length !== size) throw ragged(at, shape, depth, offset, `has ${part.length} elements`, size)
    if (depth === shape.length - 1) {
      readRow(part, offset)
      return offset + size
    }
    let next = offset
    for (const child of part) {
      if (!Array.isArray(child)) {
        throw ragged(at, shape, depth + 1, next, `is ${describeJson(child)}`, shape[depth + 1] ?? 0)
      }
      next = walk(child, depth + 1, next)
    }
    return next
  }
  walk(data, 0, 0)
}

/** `[2][0]`: the indexes of the element at a flat offset. */
export function indexPath(shape: readonly number[], offset: number, depth = shape.length): string {
  let rest = offset
  let path = ''
  for (let d = 0; d < depth; d++) {
    const stride = elementCount(shape.slice(d + 1))
    const index = stride === 0 ? 0 : Math.floor(rest / stride)
    rest -= index * stride
    path += `[${index}]`
  }
  return path
}

function ragged(at: string, shape: readonly number[], depth: number, offset: number, what: string, size: number) {
  const path = `${at}${indexPath(shape, offset, depth)}`
  const first = depth === 0 ? at : `${at}${'[0]'.repeat(depth)}`
  return new InvalidInput(`${path} ${what}, but ${first} has ${size} elements; every row must have the same shape.`)
}
