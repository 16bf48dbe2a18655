import { annotationRows } from './annotation-rows.ts'
import { componentRows } from './component-rows.ts'
import type { FieldRow } from './field-row.ts'
import { containerRows, podRows } from './pod-rows.ts'

/**
 * What each mode does with each field that not every mode can honour alike. Admission, `millrace validate`, the condition
 * FieldsIgnored and docs/fields-by-mode.md are made of it; a test renders every row and looks whether it is true.
 */
export const fieldsByMode: readonly FieldRow[] = [...componentRows, ...podRows, ...containerRows, ...annotationRows]
