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
  const types = celTypes(typed, cel, wordsOf(schema))
  const type = types.of(isRoot || schema.embedded ? withObjectMeta(schema) : schema)
  typed.registerVariable('self', type.name)
  const optional = lazy(() => typed.clone().registerVariable('oldSelf', `optional<${type.name}>`))
  const plain = lazy(() => typed.clone().registerVariable('oldSelf', type.name))
  return {
    type,
    get plain() {
      return plain()
    },
    get optional() {
      return optional()
    },
  }
}

/** Every word of the rules that start here: a superset of the names that they can reach. */
function wordsOf({ rules, constraints }: Schema): ReadonlySet<string> {
  const all = [...rules, ...(constraints?.allOf ?? []).flatMap((part) => part.rules)]
  return new Set(all.flatMap(({ rule, messageExpression = '' }) => `${rule} ${messageExpression}`.match(/\w+/g) ?? []))
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
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
