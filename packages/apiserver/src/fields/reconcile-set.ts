import type { Schema } from '../schema/schema.ts'
import { type FieldPath, type FieldSet, recursiveDifference, setBuilder, type SetBuilder, union } from './field-set.ts'
import { fieldName } from './path-element.ts'
import { elementSchema, fieldSchema, isAtomic, shapeOf } from './shape.ts'

/**
 * A set after the kind's schema changed: who owned parts of what has become atomic owns the whole of it now. (The other
 * way round nothing is to be done: owning a whole is as good as before.)
 */
export function reconcileSet(set: FieldSet, schema: Schema): FieldSet {
  const whole = setBuilder()
  findAtomic(set, schema, [], whole)
  const found = whole.set
  if (found.members.size === 0 && found.children.size === 0) return set
  return union(recursiveDifference(set, found), found)
}

function findAtomic(set: FieldSet, schema: Schema, path: FieldPath, whole: SetBuilder): void {
  const shape = shapeOf(schema, undefined)
  if (schema.type === undefined || shape === 'scalar') return
  if (path.length > 0 && isAtomic(schema, shape)) {
    whole.insert(path)
    return
  }
  for (const [element, child] of set.children) {
    const name = fieldName(element)
    const below = name === undefined ? elementSchema(schema) : fieldSchema(schema, name)
    if (below) findAtomic(child, below, [...path, element], whole)
  }
}
