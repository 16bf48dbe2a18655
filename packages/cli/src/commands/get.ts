import type { Client, Resource } from '@millrace/kube'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import { formatTable, formatValue, type OutputFormat, parseOutputFormat } from '../output.ts'
import { parseResourceArguments } from '../resource-arguments.ts'
import { listPath, resolveTypes } from '../resource-types.ts'
import type { Terminal } from '../terminal.ts'

interface GetOptions extends ConnectionOptions {
  readonly namespace?: string
  readonly allNamespaces?: boolean
  readonly selector?: string
  readonly output: OutputFormat
}

export function defineGet(program: Command, terminal: Terminal): void {
  clientOptions(program.command('get'))
    .description('Show objects as a table, JSON or YAML.')
    .argument('<type...>', 'TYPE, TYPE NAME… or TYPE/NAME…; short names work (isvc, pod, svc, deploy, all)')
    .option('-A, --all-namespaces', 'in every namespace')
    .option('-l, --selector <labels>', 'only objects with these labels, e.g. app=web')
    .option('-o, --output <format>', 'table, json or yaml', parseOutputFormat, 'table')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace get isvc\n  millrace get isvc/sklearn-iris -o yaml\n  millrace get pods,services -A',
    )
    .action((args: string[], options: GetOptions) =>
      withClient(options, terminal, (client, namespace) => get(client, namespace, args, options, terminal)),
    )
}

async function get(
  client: Client,
  namespace: string,
  args: readonly string[],
  options: GetOptions,
  terminal: Terminal,
): Promise<void> {
  const wanted = await resolveTypes(client, parseResourceArguments(args))
  const objects: unknown[] = []
  let printed = 0
  for (const { resource, name } of wanted) {
    const path = listPath(resource, {
      ...(options.allNamespaces === true ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      ...(options.selector === undefined ? {} : { labelSelector: options.selector }),
    })
    if (options.output === 'table') {
      const table = await fetchTable(client, path)
      if (table.rows.length === 0) continue
      if (printed++ > 0) terminal.out('\n')
      terminal.out(renderTable(table, resource, options.allNamespaces === true, wanted.length > 1))
      continue
    }
    const { body } = await client.request('GET', path)
    objects.push(...itemsOf(body, resource))
  }
  if (options.output !== 'table') {
    const isOne = wanted.length === 1 && wanted[0]?.name !== undefined
    terminal.out(
      formatValue(
        isOne ? objects[0] : { apiVersion: 'v1', kind: 'List', metadata: {}, items: objects },
        options.output,
      ),
    )
    return
  }
  if (printed === 0)
    terminal.error(
      options.allNamespaces === true ? 'No resources found\n' : `No resources found in ${namespace} namespace.\n`,
    )
}

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority?: number }[]
  readonly rows: readonly {
    readonly cells: readonly unknown[]
    readonly object?: { readonly metadata?: { readonly namespace?: string } }
  }[]
}

async function fetchTable(client: Client, path: string): Promise<Table> {
  const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
  const { body } = await client.request('GET', path, { headers })
  if (
    typeof body !== 'object' ||
    body === null ||
    !('columnDefinitions' in body) ||
    !Array.isArray(body.columnDefinitions)
  ) {
    throw new CommandError(`GET ${path}: the server did not answer with a table`)
  }
  // columnDefinitions was checked; a Table without rows leaves the field out or null.
  const table = body as unknown as { columnDefinitions: Table['columnDefinitions']; rows?: Table['rows'] | null }
  return { columnDefinitions: table.columnDefinitions, rows: table.rows ?? [] }
}

function renderTable(table: Table, resource: Resource, showNamespace: boolean, showType: boolean): string {
  const columns = table.columnDefinitions
    .map((column, index) => ({ ...column, index }))
    .filter((column) => (column.priority ?? 0) === 0)
  const prefix = showType ? `${resource.kind.toLowerCase()}${resource.group === '' ? '' : `.${resource.group}`}/` : ''
  const withNamespace = showNamespace && resource.namespaced
  const header = columns.map((column) => column.name.toUpperCase())
  const rows = table.rows.map((row) => {
    const cells = columns.map(
      (column, position) => `${position === 0 ? prefix : ''}${String(row.cells[column.index] ?? '')}`,
    )
    return withNamespace ? [row.object?.metadata?.namespace ?? '', ...cells] : cells
  })
  return formatTable(withNamespace ? ['NAMESPACE', ...header] : header, rows)
}

function itemsOf(body: unknown, resource: Resource): readonly unknown[] {
  if (typeof body !== 'object' || body === null || !('items' in body) || !Array.isArray(body.items)) return [body]
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
  return body.items.map((item: object) => ({ apiVersion, kind: resource.kind, ...item }))
}
