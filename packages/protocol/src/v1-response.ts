import type { Tensor } from './tensor.ts'
import { formatNested, formatNestedRow } from './tensor-json.ts'

/**
 * A V1 predict answer: `{"predictions": [...]}`. One output gives its nested array. Several give one object for each row
 * when they all have the same number of rows, else one array by name (the two forms of TensorFlow Serving's row and
 * column formats). NaN and infinities, which JSON cannot say, are null.
 */
export function formatV1Response(outputs: readonly Tensor[]): string {
  const [first] = outputs
  if (outputs.length === 1 && first !== undefined) return `{"predictions":${formatNested(first)}}`
  const rows = first?.shape[0]
  const isByRow = rows !== undefined && outputs.every((tensor) => tensor.shape[0] === rows)
  if (!isByRow) {
    const columns = outputs.map((tensor) => `${JSON.stringify(tensor.name)}:${formatNested(tensor)}`)
    return `{"predictions":{${columns.join(',')}}}`
  }
  const names = outputs.map((tensor) => JSON.stringify(tensor.name))
  const parts: string[] = []
  for (let row = 0; row < rows; row++) {
    parts.push(`{${outputs.map((tensor, i) => `${names[i]}:${formatNestedRow(tensor, row)}`).join(',')}}`)
  }
  return `{"predictions":[${parts.join(',')}]}`
}
