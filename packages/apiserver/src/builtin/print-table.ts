import type { KubeObject } from '@millrace/kube'
import type { Gvk } from './catalog.ts'

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

/** A CRD version's additionalPrinterColumns entry. */
export interface PrinterColumn {
  readonly name: string
  readonly type: string
  readonly jsonPath: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
}

/** Printer of a built-in kind; NAME and AGE for kinds without one of their own. */
export function builtinPrinter(gvk: Gvk): TablePrinter {
  throw new Error(`to be written ${String(gvk)}`)
}

/** Printer of a custom resource: NAME and the CRD's columns, or NAME and AGE. */
export function customPrinter(columns: readonly PrinterColumn[]): TablePrinter {
  throw new Error(`to be written ${String(columns)}`)
}
