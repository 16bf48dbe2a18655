import { type Client, type KubeObject, resources } from '@millrace/kube'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import { formatTable } from '../output.ts'
import { parseResourceArguments } from '../resource-arguments.ts'
import { resolveTypes } from '../resource-types.ts'
import type { Terminal } from '../terminal.ts'

export function defineDescribe(program: Command, terminal: Terminal): void {
  clientOptions(program.command('describe'))
    .description('Show one object as a person reads it: spec, conditions, status and its events.')
    .argument('<type...>', 'TYPE NAME… or TYPE/NAME…')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace describe isvc sklearn-iris\n  millrace describe pod/sklearn-iris-predictor-abc',
    )
    .action((args: string[], options: ConnectionOptions) =>
      withClient(options, terminal, async (client, namespace) => {
        for (const { resource, name } of await resolveTypes(client, parseResourceArguments(args))) {
          const place = resource.namespaced ? { namespace } : {}
          const objects =
            name === undefined
              ? (await client.list(resource, place)).items
              : [await client.get(resource, { ...place, name })]
          for (const object of objects) terminal.out(`${describeObject(object, await eventsOf(client, object))}\n`)
        }
      }),
    )
}

export interface EventLine {
  readonly type: string
  readonly reason: string
  readonly age: string
  readonly from: string
  readonly message: string
}

/** Events that name the object, oldest first. */
export async function eventsOf(client: Client, object: KubeObject): Promise<readonly EventLine[]> {
  const { namespace, uid } = object.metadata
  const fieldSelector = `involvedObject.uid=${uid}`
  const { items } = await client.list(resources.events, { namespace: namespace ?? 'default', fieldSelector })
  return items
    .map((event) => ({
      event,
      at: text(event.lastTimestamp) || text(event.eventTime) || (event.metadata.creationTimestamp ?? ''),
    }))
    .sort((left, right) => left.at.localeCompare(right.at))
    .map(({ event, at }) => ({
      type: text(event.type),
      reason: text(event.reason),
      age: ageOf(at, Date.now()),
      from: text(readField(event.source, 'component')) || text(event.reportingComponent),
      message: text(event.message),
    }))
}

export function describeObject(object: KubeObject, events: readonly EventLine[]): string {
  const { name, namespace, labels, annotations, creationTimestamp, deletionTimestamp } = object.metadata
  const head = [
    ['Name', name],
    ['Namespace', namespace],
    ['Labels', pairs(labels)],
    ['Annotations', pairs(annotations)],
    ['API Version', object.apiVersion],
    ['Kind', object.kind],
    ['Created', creationTimestamp],
    ['Deletion asked', deletionTimestamp],
  ]
  const parts = head
    .filter(([, value]) => value !== undefined)
    .map(([label, value]) => `${`${label}:`.padEnd(16)}${value}`)
  const { apiVersion: _a, kind: _k, metadata: _m, status, ...rest } = object
  for (const [field, value] of Object.entries(object.kind === 'Secret' ? withoutValues(rest) : rest))
    parts.push(section(field, value))
  const conditions = readField(status, 'conditions')
  if (Array.isArray(conditions) && conditions.length > 0)
    parts.push(`Conditions:\n${indent(conditionTable(conditions))}`)
  if (typeof status === 'object' && status !== null) {
    const { conditions: _, ...others } = { conditions: undefined, ...status }
    if (Object.keys(others).length > 0) parts.push(section('status', others))
  }
  const rows = events.map((event) => [event.type, event.reason, event.age, event.from, event.message])
  parts.push(
    rows.length === 0
      ? 'Events:         <none>'
      : `Events:\n${indent(formatTable(['TYPE', 'REASON', 'AGE', 'FROM', 'MESSAGE'], rows))}`,
  )
  return `${parts.join('\n')}\n`
}

/** A Secret is described by its keys and sizes, never by its values. */
function withoutValues(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const data = typeof fields.data === 'object' && fields.data !== null ? fields.data : {}
  const sizes = Object.entries(data).map(([key, value]) => [
    key,
    `${Buffer.from(String(value), 'base64').length} bytes`,
  ])
  return {
    ...fields,
    data: Object.fromEntries(sizes),
    ...(fields.stringData === undefined ? {} : { stringData: '<not shown>' }),
  }
}

function section(field: string, value: unknown): string {
  const title = `${field.slice(0, 1).toUpperCase()}${field.slice(1)}:`
  if (typeof value !== 'object' || value === null) return `${title.padEnd(16)}${String(value)}`
  return `${title}\n${indent(stringify(value, { lineWidth: 0 }))}`
}

function conditionTable(conditions: readonly unknown[]): string {
  const rows = conditions.map((condition) =>
    ['type', 'status', 'reason', 'message'].map((field) => text(readField(condition, field)).replaceAll('\n', ' ')),
  )
  return formatTable(['TYPE', 'STATUS', 'REASON', 'MESSAGE'], rows)
}

const indent = (block: string): string =>
  block
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')
const pairs = (map: Readonly<Record<string, string>> | undefined): string | undefined =>
  map && Object.keys(map).length > 0
    ? Object.entries(map)
        .map(([key, value]) => `${key}=${value.length > 200 ? `${value.slice(0, 200)}…` : value}`)
        .join('\n                ')
    : undefined
const text = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value)

function readField(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined
}

/** `42s`, `5m`, `3h`, `2d`. */
export function ageOf(timestamp: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(timestamp)) / 1000))
  if (!Number.isFinite(seconds)) return '<unknown>'
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`
}
