import type { Printers, TablePrinter } from './table-printer.ts'
import type { Gvk } from './resource-info.ts'
import { at, columns } from './printer-cells.ts'
import { accessPrinters } from './printers-access.ts'
import { corePrinters } from './printers-core.ts'
import { networkPrinters } from './printers-network.ts'
import { printPod } from './printers-pod.ts'
import { workloadPrinters } from './printers-workloads.ts'

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
