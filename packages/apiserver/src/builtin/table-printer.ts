import type { KubeObject } from '@millrace/kube'

/** metav1.TableColumnDefinition. */
export interface TableColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format: string
  readonly description: string
  /** Above 0: shown by `-o wide` only. */
  readonly priority: number
}

export interface TablePrinter {
  readonly columns: readonly TableColumn[]
  /** The cells of one object, one per column, as JSON. `nowMs` is the clock for ages. */
  cells(object: KubeObject, nowMs: number): readonly unknown[]
}

/** By group and kind: `/Pod`, `apps/Deployment`. */
export type Printers = Readonly<Record<string, TablePrinter>>
