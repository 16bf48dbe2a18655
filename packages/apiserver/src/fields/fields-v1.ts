import type { FieldSet } from './field-set.ts'
import { compareElements, type PathElement, parseElement } from './path-element.ts'

type Json = Record<string, unknown>

/** Deeper sets are nobody's: it bounds our recursion on what clients send. */
const depthMax = 512

/** A set as it stands in managedFields: `{"f:spec":{"f:replicas":{}}}`; `.` marks a path that has others below it. */
export function encodeFieldSet(set: FieldSet): Json {
  const out: Json = {}
  const elements = new Set([...set.members, ...set.children.keys()])
  for (const element of [...elements].sort(compareElements)) {
    const child = set.children.get(element)
    const below = child ? encodeFieldSet(child) : {}
    out[element] = child && set.members.has(element) ? { '.': {}, ...below } : below
  }
  return out
}

/** Reads FieldsV1; undefined where it is no such set. */
export function decodeFieldSet(fields: unknown): FieldSet | undefined {
  return decode(fields, 0)?.set
}

function decode(fields: unknown, depth: number): { set: FieldSet; isMember: boolean } | undefined {
  if (!isObject(fields) || depth > depthMax) return undefined
  const members = new Set<PathElement>()
  const children = new Map<PathElement, FieldSet>()
  let isMember = false
  for (const [key, value] of Object.entries(fields)) {
    if (key === '.') {
      isMember = true
      continue
    }
    const element = parseElement(key)
    const child = element === undefined ? undefined : decode(value, depth + 1)
    if (element === undefined || !child) return undefined
    const isLeaf = child.set.members.size === 0 && child.set.children.size === 0
    if (child.isMember || isLeaf) members.add(element)
    if (!isLeaf) children.set(element, child.set)
  }
  return { set: { members, children }, isMember }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
