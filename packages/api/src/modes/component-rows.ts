import type { FieldRow } from './field-row.ts'
import { metricRows } from './metric-rows.ts'
import { replicaRows } from './replica-rows.ts'
import { servingRows } from './serving-rows.ts'

/** Fields of components, of the spec, and of a graph. */
export const componentRows: readonly FieldRow[] = [...replicaRows, ...metricRows, ...servingRows]
