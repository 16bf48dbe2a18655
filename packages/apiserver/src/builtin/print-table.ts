import type { KubeObject } from '@millrace/kube'
import type { Gvk } from './catalog.ts'
import { at, columns } from './printer-cells.ts'
import { accessPrinters } from './printers-access.ts'
import { corePrinters } from './printers-core.ts'
import { networkPrinters } from './printers-network.ts'
import { printPod } from './printers-pod.ts'
import { workloadPrinters } from './printers-workloads.ts'

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

const printers: Printers = {
  '/Pod': printPod,
  ...corePrinters,
  ...workloadPrinters,
  ...networkPrinters,
  ...accessPrinters,
}

/** What kube-apiserver shows of a kind that has no columns of its own. */
const plainPrinter: TablePrinter = {
  columns: columns('Name:string:name', 'Created At:date'),
  cells: (object) => [object.metadata.name ?? '', at(object, 'metadata', 'creationTimestamp') ?? null],
}

/** Printer of a built-in kind; NAME and CREATED AT for kinds without one of their own. */
export function builtinPrinter(gvk: Gvk): TablePrinter {
  return printers[`${gvk.group}/${gvk.kind}`] ?? plainPrinter
}

export { customPrinter, type PrinterColumn } from './custom-printer.ts'
