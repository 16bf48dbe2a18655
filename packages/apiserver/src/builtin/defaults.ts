import type { KubeObject } from '@millrace/kube'
import type { Schema } from '../schema/schema.ts'
import { builtinCatalog } from './catalog.ts'
import type { Gvk } from './resource-info.ts'
import { coreDefaults } from './defaults-core.ts'
import { type Json, isObject, type TypeDefaults } from './defaults-type.ts'
import { workloadDefaults } from './defaults-workloads.ts'

const byDefinition: TypeDefaults = { ...coreDefaults, ...workloadDefaults }

/**
 * The object with everything that kube-apiserver fills in for its kind. Takes and gives decoded objects, sharing what
 * needed nothing. Values that need the cluster (clusterIP, uid, node ports) stay the engine's.
 */
export function defaultBuiltin(gvk: Gvk, object: KubeObject): KubeObject {
  const schema = builtinCatalog().schemaOf(gvk)
  return schema ? (fill(object, schema) as KubeObject) : object
}

/** Types fill from the outside in, as Kubernetes' generated defaulting does: a parent may create what its child completes. */
function fill(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value)) {
    const items = schema.items
    return items && isStructured(items) ? value.map((item) => fill(item, items)) : value
  }
  if (!isObject(value) || !isStructured(schema)) return value
  const out: Json = { ...value }
  const own = schema.definition === undefined ? undefined : byDefinition[schema.definition]
  own?.(out)
  if (schema.properties) fillFields(out, schema.properties, schema)
  else if (schema.additional) {
    for (const [key, item] of Object.entries(out)) out[key] = fill(item, schema.additional)
  }
  return out
}

function fillFields(out: Json, properties: ReadonlyMap<string, Schema>, schema: Schema): void {
  for (const [key, property] of properties) {
    const item = out[key]
    if (item !== undefined && item !== null && item !== '') {
      out[key] = fill(item, property)
      continue
    }
    const given = property.default
    if (given === undefined || typeof given === 'object' || schema.required.includes(key)) continue
    const isZero = given === '' || given === 0 || given === false
    if (item === undefined ? !isZero || schema.presence?.get(key) === 'keep' : !isZero) out[key] = given
  }
}

/** Schemas with anything to default below: others are left alone, unseen. */
function isStructured(schema: Schema): boolean {
  if (schema.properties) return true
  const inner = schema.items ?? schema.additional
  return inner !== undefined && isStructured(inner)
}
