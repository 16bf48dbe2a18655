import type { Environment } from '@marcbachmann/cel-js'
import type { Cel } from './cel-environment.ts'
import { type CelType, celTypes } from './cel-types.ts'
import { anySchema, compileCrdSchema } from './compile-schema.ts'
import type { Schema } from './schema.ts'

/** Environments that know `self` and `oldSelf` by the types of one schema. */
export interface RuleEnvironments {
  readonly type: CelType
  readonly plain: Environment
  /** For rules with optionalOldSelf. */
  readonly optional: Environment
}

export function ruleEnvironments(schema: Schema, cel: Cel, isRoot: boolean): RuleEnvironments {
  const typed = cel.base.clone()
  const type = celTypes(typed, cel).of(isRoot || schema.embedded ? withObjectMeta(schema) : schema)
  typed.registerVariable('self', type.name)
  const optional = typed.clone().registerVariable('oldSelf', `optional<${type.name}>`)
  const plain = typed.clone().registerVariable('oldSelf', type.name)
  return { type, plain, optional }
}

/** Of metadata, rules see the name and generateName only. */
function withObjectMeta(schema: Schema): Schema {
  const text = compileCrdSchema({ type: 'string' }, anySchema)
  const metadata: Schema = {
    ...compileCrdSchema({ type: 'object' }, anySchema),
    properties: new Map([
      ['name', text],
      ['generateName', text],
    ]),
  }
  const properties = new Map(schema.properties).set('metadata', metadata)
  for (const name of ['apiVersion', 'kind']) if (!properties.has(name)) properties.set(name, text)
  return { ...schema, properties }
}
