import { isRecord } from '../validate/check-schema.ts'

/**
 * Two versions of an object that say the same under other names, as data: a list of moves, from which both directions, the
 * places of findings and the words of messages come. Nothing is computed and nothing is remembered on the side, so that there
 * and back is the same object.
 */
export interface Shape {
  readonly moves: readonly Move[]
  /** What names cannot say, in the older version's terms: done before moving forth, undone after moving back. */
  readonly fold?: Fold
}

export interface Move {
  /** A field of the older version. */
  readonly from: string
  /** Its place in the newer one. All names but the last are blocks, which hold moved fields and nothing else. */
  readonly to: readonly string[]
  /** The same again inside the field: an object, or a list of objects. */
  readonly inside?: Shape
}

/** One of several fields that becomes a single field. */
export interface Fold {
  readonly fold: (fields: Fields) => Fields
  readonly unfold: (fields: Fields) => Fields
  /** The single field's name for one of the several. */
  readonly nameOf: (field: string) => string | undefined
}

export type Fields = Readonly<Record<string, unknown>>
export type Path = readonly (string | number)[]
type Entries = (readonly [string, unknown])[]

/** A place in the newer version: a moved field, or a block on the way to some. */
type Target = { readonly move: Move } | { readonly block: ReadonlyMap<string, Target> }

/**
 * The newer shape of `value`. Fields that no move knows stay where they are, and so does a field whose new place is taken
 * by one of them: neither is valid, and neither is lost.
 */
export function moveForth(value: unknown, shape: Shape): unknown {
  if (Array.isArray(value)) return value.map((item) => moveForth(item, shape))
  if (!isRecord(value)) return value
  const fields = shape.fold?.fold(value) ?? value
  const { byFrom } = indexOf(shape)
  const root = new Map<string, unknown>()
  for (const [name, field] of Object.entries(fields)) {
    const move = byFrom.get(name)
    const [first = name] = move?.to ?? []
    if (!move || (Object.hasOwn(fields, first) && !byFrom.has(first))) root.set(name, field)
    else place(root, move.to, move.inside ? moveForth(field, move.inside) : field)
  }
  return assembled(root)
}

/** The older shape of `value`: the exact opposite of `moveForth`. */
export function moveBack(value: unknown, shape: Shape): unknown {
  if (Array.isArray(value)) return value.map((item) => moveBack(item, shape))
  if (!isRecord(value)) return value
  const { byTo } = indexOf(shape)
  const entries: Entries = []
  const isTaken = (name: string) => Object.hasOwn(value, name) && !byTo.has(name)
  const take = (fields: Fields, targets: ReadonlyMap<string, Target>, rest: Entries): void => {
    for (const [name, field] of Object.entries(fields)) {
      const target = targets.get(name)
      if (target && 'move' in target && !isTaken(target.move.from)) {
        const { from, inside } = target.move
        entries.push([from, inside ? moveBack(field, inside) : field])
      } else if (target && 'block' in target && isRecord(field)) {
        const left: Entries = []
        take(field, target.block, left)
        if (left.length > 0 || Object.keys(field).length === 0) rest.push([name, Object.fromEntries(left)])
      } else rest.push([name, field])
    }
  }
  const rest: Entries = []
  take(value, byTo, rest)
  const fields = Object.fromEntries([...entries, ...rest])
  return shape.fold?.unfold(fields) ?? fields
}

/** Where a place of the older version is in the newer one. */
export function pathForth(path: Path, shape: Shape): Path {
  const [first, ...rest] = path
  if (first === undefined) return path
  if (typeof first === 'number') return [first, ...pathForth(rest, shape)]
  const name = shape.fold?.nameOf(first) ?? first
  const move = indexOf(shape).byFrom.get(name)
  if (!move) return [name, ...rest]
  return [...move.to, ...(move.inside ? pathForth(rest, move.inside) : rest)]
}

/** Every move of a shape and of what is inside it, once. */
export function allMoves(shape: Shape, seen = new Set<Shape>()): readonly Move[] {
  if (seen.has(shape)) return []
  seen.add(shape)
  return shape.moves.flatMap((move) => [move, ...(move.inside ? allMoves(move.inside, seen) : [])])
}

interface Index {
  readonly byFrom: ReadonlyMap<string, Move>
  readonly byTo: ReadonlyMap<string, Target>
}

const indexes = new WeakMap<Shape, Index>()

function indexOf(shape: Shape): Index {
  const known = indexes.get(shape)
  if (known) return known
  const byFrom = new Map(shape.moves.map((move) => [move.from, move]))
  const byTo = new Map<string, Target>()
  for (const move of shape.moves) addTarget(byTo, move.to, move)
  const index = { byFrom, byTo }
  indexes.set(shape, index)
  return index
}

function addTarget(targets: Map<string, Target>, path: readonly string[], move: Move): void {
  const [name = '', ...rest] = path
  if (rest.length === 0) {
    targets.set(name, { move })
    return
  }
  const known = targets.get(name)
  const block = known && 'block' in known ? (known.block as Map<string, Target>) : new Map<string, Target>()
  targets.set(name, { block })
  addTarget(block, rest, move)
}

/** Blocks are Maps until everything has its place; a value from JSON is never one. */
function place(root: Map<string, unknown>, path: readonly string[], field: unknown): void {
  let at = root
  for (const name of path.slice(0, -1)) {
    const known = at.get(name)
    const next: Map<string, unknown> = known instanceof Map ? known : new Map()
    at.set(name, next)
    at = next
  }
  at.set(path.at(-1) ?? '', field)
}

function assembled(fields: ReadonlyMap<string, unknown>): Fields {
  return Object.fromEntries([...fields].map(([name, field]) => [name, field instanceof Map ? assembled(field) : field]))
}
