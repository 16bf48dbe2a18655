import { type KindSource, objectSchema } from '../kinds/kind-source.ts'
import { resolve, type SchemaData } from '../schema/schema.ts'
import type { CrdSchema, CustomResourceDefinition } from './crd.ts'

/**
 * Fields that another CRD of this kind has, in a version that we serve too, and that our complete schema does not: whoever
 * wrote them is refused here. Each as `v1beta1 spec.explainer.alibi`, without what lies below.
 */
export function droppedFields(source: KindSource, crd: Pick<CustomResourceDefinition, 'spec'>): readonly string[] {
  return crd.spec.versions.flatMap(({ name, schema }) => {
    const version = source.versions.find((ours) => ours.name === name)
    // A CRD in a dump may have been cut short.
    if (!version || !schema?.openAPIV3Schema) return []
    const ours = objectSchema(source, version)
    return missingFields(schema.openAPIV3Schema, ours, '').map((path) => `${name} ${path}`)
  })
}

function missingFields(theirs: CrdSchema, ours: SchemaData, path: string): readonly string[] {
  const { properties, items, values, open } = resolve(ours)
  const below = Object.entries(theirs.properties ?? {}).flatMap(([name, field]) => {
    const place = path === '' ? name : `${path}.${name}`
    const mine = properties?.[name] ?? values
    if (mine) return missingFields(field, mine, place)
    return open || properties === undefined ? [] : [place]
  })
  const inItems = theirs.items && items ? missingFields(theirs.items, items, `${path}[]`) : []
  const inValues =
    theirs.additionalProperties && values ? missingFields(theirs.additionalProperties, values, `${path}.*`) : []
  return [...below, ...inItems, ...inValues]
}
