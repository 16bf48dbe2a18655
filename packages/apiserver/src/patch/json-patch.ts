import { deepEqual } from '../schema/deep-equal.ts'
import { badPatch, jsonKind, type PatchResult, unfitPatch } from './patch-result.ts'

type Json = Record<string, unknown>

interface Operation {
  readonly op: unknown
  readonly path: unknown
  readonly from: unknown
  readonly value: unknown
}

/** The real server's bound. */
const operationsMax = 10_000
/** How large copies may make the document in all: `copy` doubles it each time. */
const copiedBytesMax = 3 * 1024 * 1024

const rejected = 'the server rejected our request due to an error in our request'

class PatchError extends Error {}

/**
 * RFC 6902 as kube-apiserver runs it: `replace` and `copy` of an absent member add it, a `test` against null passes
 * where nothing is. The 422 sentence starts as the real one and goes on with what failed.
 */
export function applyJsonPatch(document: unknown, patch: unknown): PatchResult {
  if (!Array.isArray(patch)) {
    return badPatch(
      `error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type []handlers.jsonPatchOp`,
    )
  }
  if (patch.length > operationsMax) {
    const message = `The allowed maximum operations in a JSON patch is ${operationsMax}, got ${patch.length}`
    return { ok: false, code: 413, reason: 'RequestEntityTooLarge', message }
  }
  const broken = patch.find((operation) => !isObject(operation))
  if (broken !== undefined) {
    return badPatch(
      `error decoding patch: json: cannot unmarshal ${jsonKind(broken)} into Go value of type handlers.jsonPatchOp`,
    )
  }
  try {
    return { ok: true, value: run(document, patch) }
  } catch (error) {
    if (error instanceof PatchError) return unfitPatch(`${rejected}: ${error.message}`)
    throw error
  }
}

function run(document: unknown, operations: readonly Operation[]): unknown {
  let value = document
  let copiedBytes = 0
  for (const operation of operations) {
    if (operation.op === 'copy') {
      const source = read(value, pointer(operation.from, 'from')) ?? null
      copiedBytes += JSON.stringify(source).length
      if (copiedBytes > copiedBytesMax) throw new PatchError(`copies of more than ${copiedBytesMax} bytes in one patch`)
      value = add(value, pointer(operation.path, 'path'), structuredClone(source))
    } else value = step(value, operation)
  }
  return value
}

function step(value: unknown, operation: Operation): unknown {
  const path = pointer(operation.path, 'path')
  switch (operation.op) {
    case 'add':
      return add(value, path, operation.value ?? null)
    case 'replace':
      return replace(value, path, operation.value ?? null)
    case 'remove':
      return remove(value, path)
    case 'move': {
      const from = pointer(operation.from, 'from')
      const source = read(value, from)
      if (source === undefined) throw new PatchError(`nothing to move at ${show(from)}`)
      return add(remove(value, from), path, source)
    }
    case 'test': {
      if (deepEqual(read(value, path) ?? null, operation.value ?? null)) return value
      throw new PatchError(`testing value ${show(path)} failed`)
    }
    default:
      throw new PatchError(`unknown operation ${JSON.stringify(operation.op)}`)
  }
}

/** The tokens of a JSON pointer (RFC 6901); none for the whole document. */
function pointer(raw: unknown, name: string): readonly string[] {
  if (typeof raw !== 'string') throw new PatchError(`an operation lacks ${JSON.stringify(name)}`)
  if (raw === '') return []
  if (!raw.startsWith('/')) throw new PatchError(`${JSON.stringify(raw)} is no JSON pointer to a part of the object`)
  const tokens = raw
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  // It means something else to JavaScript, and no Kubernetes object has it.
  if (tokens.includes('__proto__')) throw new PatchError('the key "__proto__" is not allowed')
  return tokens
}

const show = (path: readonly string[]): string =>
  `/${path.map((token) => token.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`

function read(value: unknown, path: readonly string[]): unknown {
  let at = value
  for (const [depth, token] of path.entries()) {
    const isLast = depth === path.length - 1
    if (Array.isArray(at)) at = at[position(token, at.length - 1, path)]
    else if (isObject(at) && (isLast || Object.hasOwn(at, token))) at = Object.hasOwn(at, token) ? at[token] : undefined
    else throw new PatchError(`nothing at ${show(path)}`)
  }
  return at
}

/** A copy of the document with `change` made to the container that holds the last token. */
function within(
  value: unknown,
  path: readonly string[],
  change: (container: Json | unknown[], token: string) => Json | unknown[],
  whole: readonly string[] = path,
): unknown {
  const [token = '', ...rest] = path
  const isLast = rest.length === 0
  if (Array.isArray(value)) {
    if (isLast) return change([...value], token)
    const index = position(token, value.length - 1, whole)
    return value.with(index, within(value[index], rest, change, whole))
  }
  if (!isObject(value) || (!isLast && !Object.hasOwn(value, token))) throw new PatchError(`nothing at ${show(whole)}`)
  if (isLast) return change({ ...value }, token)
  return { ...value, [token]: within(value[token], rest, change, whole) }
}

function add(value: unknown, path: readonly string[], item: unknown): unknown {
  if (path.length === 0) return item
  return within(value, path, (container, token) => {
    if (!Array.isArray(container)) return { ...container, [token]: item }
    const index = token === '-' ? container.length : position(token, container.length, path)
    container.splice(index, 0, item)
    return container
  })
}

function replace(value: unknown, path: readonly string[], item: unknown): unknown {
  if (path.length === 0) return item
  return within(value, path, (container, token) => {
    if (!Array.isArray(container)) return { ...container, [token]: item }
    return container.with(position(token, container.length - 1, path), item)
  })
}

function remove(value: unknown, path: readonly string[]): unknown {
  if (path.length === 0) throw new PatchError('the whole object cannot be removed')
  return within(value, path, (container, token) => {
    if (Array.isArray(container)) {
      container.splice(position(token, container.length - 1, path), 1)
      return container
    }
    if (!Object.hasOwn(container, token)) throw new PatchError(`nothing to remove at ${show(path)}`)
    const { [token]: _removed, ...rest } = container
    return rest
  })
}

function position(token: string, max: number, path: readonly string[]): number {
  const index = /^(?:0|-?[1-9]\d{0,8})$/.test(token) ? Number(token) : Number.NaN
  const place = index < 0 ? index + max + 1 : index
  if (Number.isNaN(place) || place < 0 || place > max)
    throw new PatchError(`no list position ${token} at ${show(path)}`)
  return place
}

function isObject(value: unknown): value is Json & Operation {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
