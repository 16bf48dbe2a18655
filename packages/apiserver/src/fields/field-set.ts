import type { Schema } from '../schema/schema.ts'
import { compareElements, elementText, fieldName, type PathElement } from './path-element.ts'
import { elementSchema, fieldSchema } from './shape.ts'

/** Elements from an object's root to a field. */
export type FieldPath = readonly PathElement[]

/**
 * A set of field paths, as structured-merge-diff's `fieldpath.Set`: `members` are the elements that belong to the set,
 * `children` hold what belongs below each. No child is empty.
 */
export interface FieldSet {
  readonly members: ReadonlySet<PathElement>
  readonly children: ReadonlyMap<PathElement, FieldSet>
}

interface OpenSet {
  readonly members: Set<PathElement>
  readonly children: Map<PathElement, OpenSet>
}

export const emptySet: FieldSet = { members: new Set(), children: new Map() }

/** Collects paths into a set. */
export interface SetBuilder {
  insert(path: FieldPath): void
  readonly set: FieldSet
}

export function setBuilder(): SetBuilder {
  const root: OpenSet = { members: new Set(), children: new Map() }
  return {
    set: root,
    insert(path) {
      let node = root
      for (const [depth, element] of path.entries()) {
        if (depth === path.length - 1) {
          node.members.add(element)
          return
        }
        let child = node.children.get(element)
        if (!child) {
          child = { members: new Set(), children: new Map() }
          node.children.set(element, child)
        }
        node = child
      }
    },
  }
}

export function setOf(...paths: readonly FieldPath[]): FieldSet {
  const builder = setBuilder()
  for (const path of paths) builder.insert(path)
  return builder.set
}

export function isEmptySet(set: FieldSet): boolean {
  return set.members.size === 0 && set.children.size === 0
}

export function hasPath(set: FieldSet, path: FieldPath): boolean {
  let node: FieldSet | undefined = set
  for (const [depth, element] of path.entries()) {
    if (!node) return false
    if (depth === path.length - 1) return node.members.has(element)
    node = node.children.get(element)
  }
  return false
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(b)) return a
  if (isEmptySet(a)) return b
  const children = new Map(a.children)
  for (const [element, child] of b.children) {
    const own = children.get(element)
    children.set(element, own ? union(own, child) : child)
  }
  return { members: new Set([...a.members, ...b.members]), children }
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map<PathElement, FieldSet>()
  for (const [element, child] of a.children) {
    const other = b.children.get(element)
    const both = other && intersection(child, other)
    if (both && !isEmptySet(both)) children.set(element, both)
  }
  return { members: selected(a.members, (element) => b.members.has(element)), children }
}

/** What is in `a` and not in `b`, path by path: removing `.spec` leaves `.spec.replicas`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map<PathElement, FieldSet>()
  for (const [element, child] of a.children) {
    const other = b.children.get(element)
    const rest = other ? difference(child, other) : child
    if (!isEmptySet(rest)) children.set(element, rest)
  }
  return { members: selected(a.members, (element) => !b.members.has(element)), children }
}

/** What is in `a` and neither in `b` nor below a member of it: removing `.spec` removes `.spec.replicas` too. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map<PathElement, FieldSet>()
  for (const [element, child] of a.children) {
    if (b.members.has(element)) continue
    const other = b.children.get(element)
    const rest = other ? recursiveDifference(child, other) : child
    if (!isEmptySet(rest)) children.set(element, rest)
  }
  return { members: selected(a.members, (element) => !b.members.has(element)), children }
}

/** The set with every declared field that has something below it as a member: what it takes to remove whole structs. */
export function withNamedFields(set: FieldSet, schema: Schema | undefined): FieldSet {
  const members = new Set(set.members)
  const children = new Map<PathElement, FieldSet>()
  for (const [element, child] of set.children) {
    const name = fieldName(element)
    if (name !== undefined && schema?.properties?.has(name)) members.add(element)
    const below = name === undefined ? elementSchema(schema) : fieldSchema(schema, name)
    children.set(element, withNamedFields(child, below))
  }
  return { members, children }
}

function selected(
  members: ReadonlySet<PathElement>,
  wanted: (element: PathElement) => boolean,
): ReadonlySet<PathElement> {
  return new Set([...members].filter(wanted))
}

/** Every path of the set, members before what is below, in structured-merge-diff's order. */
export function pathsOf(set: FieldSet): FieldPath[] {
  const paths: FieldPath[] = []
  collect(set, [], paths)
  return paths
}

function collect(set: FieldSet, prefix: FieldPath, paths: FieldPath[]): void {
  for (const element of [...set.members].sort(compareElements)) paths.push([...prefix, element])
  for (const [element, child] of [...set.children].sort(([a], [b]) => compareElements(a, b))) {
    collect(child, [...prefix, element], paths)
  }
}

/** `.spec.containers[name="a"].image` */
export function pathText(path: FieldPath): string {
  return path.map(elementText).join('')
}
