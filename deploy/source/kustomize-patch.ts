import { isDeepStrictEqual } from 'node:util'
import type { Json } from './json.ts'

type Operation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }

/** The JSON patch that makes `to` of `from`. Lists that only grow are appended to; others are replaced whole. */
export function patchBetween(from: Json, to: Json, path = ''): readonly Operation[] {
  if (isDeepStrictEqual(from, to)) return []
  if (isMap(from) && isMap(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])]
    return keys.flatMap((key) => patchKey(from[key], to[key], `${path}/${escaped(key)}`))
  }
  if (Array.isArray(from) && Array.isArray(to)) return patchList(from, to, path)
  return [{ op: 'replace', path, value: to }]
}

function patchKey(from: Json | undefined, to: Json | undefined, path: string): readonly Operation[] {
  if (to === undefined) return [{ op: 'remove', path }]
  if (from === undefined) return [{ op: 'add', path, value: to }]
  return patchBetween(from, to, path)
}

function patchList(from: readonly Json[], to: readonly Json[], path: string): readonly Operation[] {
  const isAppended = from.every((item, index) => isDeepStrictEqual(item, to[index]))
  if (isAppended) return to.slice(from.length).map((value) => ({ op: 'add', path: `${path}/-`, value }))
  if (from.length === to.length)
    return from.flatMap((item, index) => patchBetween(item, to[index] ?? null, `${path}/${index}`))
  return [{ op: 'replace', path, value: to }]
}

function isMap(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
