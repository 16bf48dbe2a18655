import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '@millrace/kube'
import { builtinPrinter, customPrinter } from '../../src/builtin/print-table.ts'
import { gvkOf, recorded } from '../recorded.ts'

interface Tables {
  readonly columns: Readonly<Record<string, readonly string[]>>
  readonly rows: readonly { readonly object: KubeObject; readonly cells: readonly unknown[]; readonly now: number }[]
}

const { columns, rows } = recorded<Tables>('tables')

describe('columns', () => {
  for (const [kind, wanted] of Object.entries(columns)) {
    test(kind, () => {
      const [apiVersion = '', name = ''] = kind.split(' ')
      const printer = builtinPrinter(gvkOf({ apiVersion, kind: name }))
      const shown = printer.columns.map((column) =>
        [column.name, column.type, column.format, column.priority].join('|'),
      )
      assert.deepEqual(shown, wanted)
    })
  }
})

describe('rows', () => {
  rows.forEach(({ object, cells, now }, index) => {
    test(`${object.kind} ${index}`, () => {
      assert.deepEqual(builtinPrinter(gvkOf(object)).cells(object, now), cells)
    })
  })
})

test('a custom resource shows the columns of its definition', () => {
  const printer = customPrinter([
    { name: 'URL', type: 'string', jsonPath: '.status.url' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ])
  const object: KubeObject = {
    apiVersion: 'a/v1',
    kind: 'A',
    metadata: { name: 'n', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { replicas: 3 },
    status: {
      url: 'http://a',
      conditions: [
        { type: 'Other', status: 'x' },
        { type: 'Ready', status: 'True' },
      ],
    },
  }
  assert.deepEqual(
    printer.columns.map((column) => `${column.name} ${column.priority}`),
    ['Name 0', 'URL 0', 'Ready 0', 'Replicas 1', 'Age 0'],
  )
  const cells = printer.cells(object, Date.parse('2026-01-01T00:02:00Z'))
  assert.deepEqual(cells, ['n', 'http://a', 'True', 3, '2m'])
  const { status: _none, ...bare } = object
  assert.deepEqual(printer.cells(bare as KubeObject, 0).slice(0, 3), ['n', null, null])
})
