import { readFields, type WireField } from './protobuf-reader.ts'

/** data/protobuf.json, as scripts/compile-protobuf.ts writes it. */
type MessageData = Readonly<Record<string, string>>

interface FieldInfo {
  readonly name: string
  readonly type: string
  readonly mark: '' | '*' | '%' | '!'
}

type Messages = (name: string) => ReadonlyMap<number, FieldInfo> | undefined

export type DecodedProtobuf =
  | { readonly ok: true; readonly value: Record<string, unknown> }
  | { readonly ok: false; readonly message: string }

const magic = Buffer.from('k8s\0')
const depthMax = 200

let loaded: Promise<Messages> | undefined

/**
 * A body in `application/vnd.kubernetes.protobuf` as the same object in JSON: the magic, then a runtime.Unknown with
 * the object. https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
export async function decodeProtobuf(body: Buffer): Promise<DecodedProtobuf> {
  loaded ??= loadMessages()
  const messages = await loaded
  if (!body.subarray(0, 4).equals(magic)) {
    return {
      ok: false,
      message: 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    }
  }
  try {
    const unknown = decodeMessage(messages, 'runtime.Unknown', body.subarray(4), 0)
    const { apiVersion = '', kind = '' } = (unknown['typeMeta'] ?? {}) as { apiVersion?: string; kind?: string }
    const raw = Buffer.from(String(unknown['raw'] ?? ''), 'base64')
    const name = messageName(messages, apiVersion, kind)
    if (!name) return { ok: false, message: `no kind "${kind}" is registered for version "${apiVersion}"` }
    return { ok: true, value: { kind, apiVersion, ...decodeMessage(messages, name, raw, 0) } }
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, message: `the protobuf body is broken: ${error.message}` }
    throw error
  }
}

async function loadMessages(): Promise<Messages> {
  const { default: data }: { default: MessageData } = await import('../../data/protobuf.json', {
    with: { type: 'json' },
  })
  const parsed = new Map<string, ReadonlyMap<number, FieldInfo>>()
  return (name) => {
    const known = parsed.get(name)
    const text = data[name]
    if (known || text === undefined) return known
    const fields = new Map(text === '' ? [] : text.split(',').map(parseField))
    parsed.set(name, fields)
    return fields
  }
}

function parseField(text: string): [number, FieldInfo] {
  const [, number = '', name = '', mark = '', type = ''] = /^(\d+)(\S+) ([*%!]?)(.+)$/.exec(text) ?? []
  return [Number(number), { name, type, mark: mark as FieldInfo['mark'] }]
}

/** Groups whose package is not the group's first word. */
const groupPackages: Readonly<Record<string, string>> = { '': 'core', 'rbac.authorization.k8s.io': 'rbac' }
const metaKinds: ReadonlySet<string> = new Set([
  'DeleteOptions',
  'Status',
  'CreateOptions',
  'UpdateOptions',
  'PatchOptions',
])

function messageName(messages: Messages, apiVersion: string, kind: string): string | undefined {
  if (metaKinds.has(kind)) return `meta.v1.${kind}`
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const packageName = groupPackages[group ?? ''] ?? group?.split('.')[0]
  const name = `${packageName}.${version}.${kind}`
  return messages(name) ? name : undefined
}

function decodeMessage(messages: Messages, name: string, bytes: Buffer, depth: number): Record<string, unknown> {
  if (depth > depthMax) throw new RangeError('messages are nested too deeply')
  const fields = messages(name)
  if (!fields) throw new RangeError(`message ${name} is unknown`)
  const object: Record<string, unknown> = {}
  for (const wire of readFields(bytes)) {
    const field = fields.get(wire.number)
    if (field) addField(messages, object, field, wire, depth)
  }
  return object
}

function addField(
  messages: Messages,
  object: Record<string, unknown>,
  field: FieldInfo,
  wire: WireField,
  depth: number,
): void {
  const { name, type, mark } = field
  if (mark === '%') {
    const [key, value] = decodeMapEntry(messages, type, wire, depth)
    const map = (object[name] ??= {}) as Record<string, unknown>
    Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true })
    return
  }
  const value = decodeValue(messages, type, wire, depth)
  if (mark === '!') Object.assign(object, value)
  else if (mark === '*') object[name] = [...((object[name] as unknown[] | undefined) ?? []), value]
  else if (value !== undefined) object[name] = value
}

function decodeMapEntry(messages: Messages, type: string, wire: WireField, depth: number): [string, unknown] {
  let key = ''
  let value: unknown = type === 'string' || type === 'bytes' ? '' : undefined
  for (const part of readFields(bytesOf(wire))) {
    if (part.number === 1) key = bytesOf(part).toString('utf8')
    if (part.number === 2) value = decodeValue(messages, type, part, depth)
  }
  return [key, value ?? null]
}

function bytesOf(wire: WireField): Buffer {
  if (wire.type === 'varint') throw new RangeError(`field ${wire.number} is a number where bytes belong`)
  return wire.bytes
}

function decodeValue(messages: Messages, type: string, wire: WireField, depth: number): unknown {
  switch (type) {
    case 'string':
      return bytesOf(wire).toString('utf8')
    case 'bytes':
      return bytesOf(wire).toString('base64')
    case 'bool':
      return wire.type === 'varint' && wire.value !== 0n
    case 'int32':
    case 'int64':
      return wire.type === 'varint' ? Number(BigInt.asIntN(64, wire.value)) : undefined
    case 'double':
      return bytesOf(wire).readDoubleLE(0)
    default:
      return decodeSpecial(messages, type, bytesOf(wire), depth + 1)
  }
}

/** Messages whose JSON form is not an object of their fields. */
function decodeSpecial(messages: Messages, type: string, bytes: Buffer, depth: number): unknown {
  const object = decodeMessage(messages, type, bytes, depth)
  switch (type) {
    case 'meta.v1.Time':
      return timeText(object, false)
    case 'meta.v1.MicroTime':
      return timeText(object, true)
    case 'meta.v1.Duration':
      return `${Number(object['duration'] ?? 0) / 1e9}s`
    case 'resource.Quantity':
      return object['string'] ?? '0'
    case 'intstr.IntOrString':
      return object['type'] === 1 ? (object['strVal'] ?? '') : (object['intVal'] ?? 0)
    case 'runtime.RawExtension':
    case 'apiextensions.v1.JSON':
      return jsonOf(object['raw'])
    case 'meta.v1.FieldsV1':
      return jsonOf(object['Raw'])
    case 'authentication.v1.ExtraValue':
    case 'authorization.v1.ExtraValue':
      return object['items'] ?? []
    case 'apiextensions.v1.JSONSchemaPropsOrArray':
      return object['schema'] ?? object['jSONSchemas']
    case 'apiextensions.v1.JSONSchemaPropsOrBool':
      return object['schema'] ?? object['allows'] ?? false
    case 'apiextensions.v1.JSONSchemaPropsOrStringArray':
      return object['schema'] ?? object['property']
    default:
      return object
  }
}

/** RFC 3339; the zero time is absent. */
function timeText(
  { seconds = 0, nanos = 0 }: { seconds?: number; nanos?: number },
  hasMicros: boolean,
): string | undefined {
  if (seconds === 0 && nanos === 0) return undefined
  const base = new Date(seconds * 1000).toISOString().slice(0, 19)
  return hasMicros ? `${base}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : `${base}Z`
}

function jsonOf(base64: unknown): unknown {
  const text = Buffer.from(String(base64 ?? ''), 'base64').toString('utf8')
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new RangeError('an embedded JSON value is broken')
  }
}
