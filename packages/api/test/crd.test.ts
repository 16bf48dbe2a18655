import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  annotationBytes,
  annotationBytesMax,
  type CrdSchema,
  type CrdVariant,
  compileCrd,
  crdSize,
  crds,
  type CustomResourceDefinition,
  inferenceServiceKind,
  kinds,
  type KindSource,
} from '@millrace/api'

const variants: readonly CrdVariant[] = ['full', 'minimal']

function schemaOf(crd: CustomResourceDefinition): CrdSchema {
  const version = crd.spec.versions[0]
  assert.ok(version)
  return version.schema.openAPIV3Schema
}

function at(schema: CrdSchema, path: string): CrdSchema {
  let found: CrdSchema | undefined = schema
  for (const name of path.split('.')) {
    found = name === '[]' ? found?.items : name === '*' ? found?.additionalProperties : found?.properties?.[name]
  }
  assert.ok(found, `no ${path}`)
  return found
}

/** What apiextensions demands of a structural schema, as far as our compiler could break it. */
function structuralFaults(schema: CrdSchema, path: string): string[] {
  const faults: string[] = []
  if (!schema.type && !schema['x-kubernetes-int-or-string']) faults.push(`${path} has no type`)
  if (schema.properties && schema.additionalProperties) faults.push(`${path} has properties and additionalProperties`)
  if (schema.type === 'array' && !schema.items) faults.push(`${path} is a list of nothing`)
  if ((schema.properties || schema.additionalProperties) && schema.type !== 'object')
    faults.push(`${path} is no object`)
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const item = schema.items
    const isUsable = item?.required?.includes(key) || item?.properties?.[key]?.default !== undefined
    if (!isUsable) faults.push(`${path} has a key that may be missing: ${key}`)
  }
  for (const name of schema.required ?? []) {
    if (!schema.properties?.[name] && !schema['x-kubernetes-preserve-unknown-fields']) {
      faults.push(`${path} requires ${name}, which it does not have`)
    }
  }
  const inner = [
    ...Object.entries(schema.properties ?? {}).map(([name, field]) => [`${path}.${name}`, field] as const),
    ...(schema.items ? [[`${path}[]`, schema.items] as const] : []),
    ...(schema.additionalProperties ? [[`${path}.*`, schema.additionalProperties] as const] : []),
  ]
  return [...faults, ...inner.flatMap(([place, field]) => structuralFaults(field, place))]
}

describe('the CRDs', () => {
  for (const variant of variants) {
    test(`of the ${variant} variant are structural`, () => {
      for (const crd of crds(variant)) assert.deepEqual(structuralFaults(schemaOf(crd), crd.metadata.name), [])
    })
  }

  test('of the full variant fit in kubectl’s annotation with room to spare, with every pod typed', () => {
    for (const crd of crds('full')) assert.ok(annotationBytes(crd) <= 200_000, crd.metadata.name)
    assert.deepEqual(compileCrd(inferenceServiceKind, 'full').givenUp, [])
    const schema = schemaOf(compileCrd(inferenceServiceKind, 'full').crd)
    for (const component of ['predictor', 'transformer', 'explainer']) {
      assert.ok(at(schema, `spec.${component}.affinity.nodeAffinity`).properties)
      assert.ok(at(schema, `spec.${component}.volumes.[].projected.sources.[]`).properties)
      assert.equal(at(schema, `spec.${component}`)['x-kubernetes-preserve-unknown-fields'], undefined)
    }
  })

  test('of the minimal variant fit in 16 KiB with our own fields typed', () => {
    for (const crd of crds('minimal')) assert.ok(annotationBytes(crd) <= 16_384, crd.metadata.name)
    const schema = schemaOf(compileCrd(inferenceServiceKind, 'minimal').crd)
    assert.equal(at(schema, 'spec.predictor.minReplicas').type, 'integer')
    assert.deepEqual(at(schema, 'spec.predictor.logger.mode').enum, ['all', 'request', 'response'])
    assert.equal(at(schema, 'spec.predictor.autoScaling.metrics.[].external.metric.query').type, 'string')
    assert.equal(at(schema, 'spec.predictor')['x-kubernetes-preserve-unknown-fields'], true)
  })

  test('keep the keys by which server-side apply merges containers, variables and ports, in both variants', () => {
    for (const variant of variants) {
      const schema = schemaOf(compileCrd(inferenceServiceKind, variant).crd)
      const keys = (path: string): readonly string[] | undefined => at(schema, path)['x-kubernetes-list-map-keys']
      assert.deepEqual(keys('spec.predictor.containers'), ['name'])
      assert.deepEqual(keys('spec.transformer.containers.[].env'), ['name'])
      assert.deepEqual(keys('spec.predictor.model.env'), ['name'])
      assert.deepEqual(keys('spec.predictor.model.ports'), ['containerPort', 'protocol'])
    }
  })

  test('leave open what is deprecated or repeated, and say nothing of it but its place', () => {
    const schema = schemaOf(compileCrd(inferenceServiceKind, 'full').crd)
    for (const path of ['spec.predictor.xgboost', 'spec.predictor.workerSpec', 'spec.canary.[].predictor']) {
      assert.equal(at(schema, path)['x-kubernetes-preserve-unknown-fields'], true, path)
    }
    assert.equal(at(schema, 'spec.predictor.xgboost').properties, undefined)
    assert.equal(at(schema, 'spec.predictor.workerSpec.pipelineParallelSize').type, 'integer')
    assert.equal(at(schema, 'spec.canary.[].trafficPercent').maximum, 100)
  })

  test('say what they cost as kubectl would store them', () => {
    const crd = compileCrd(inferenceServiceKind, 'full').crd
    const size = crdSize(crd)
    assert.equal(size.annotationBytes, annotationBytes(crd))
    assert.ok(size.annotationBytes > size.jsonBytes)
    assert.equal(size.largest[0]?.path, 'v1beta1 spec')
    assert.ok(size.largest.some(({ path }) => path === 'v1beta1 spec.predictor.volumes'))
  })

  test('fail with the largest subtrees by name when one cannot be brought within its budget', () => {
    const fields = Object.fromEntries(
      Array.from({ length: 3000 }, (_, n) => [`field${n}`, { type: 'string' as const }]),
    )
    const version = inferenceServiceKind.versions[0]
    assert.ok(version)
    const huge: KindSource = {
      ...inferenceServiceKind,
      versions: [{ ...version, fields: { ...version.fields, huge: { type: 'object', properties: fields } } }],
    }
    assert.throws(() => compileCrd(huge, 'minimal'), /16384 are allowed.*v1beta1 huge/s)
    assert.ok(annotationBytesMax > 200_000)
  })
})

test('every field of our own has a description, so that kubectl explain teaches', () => {
  const silent: string[] = []
  const visit = (schema: KindSource['versions'][number]['fields'][string], path: string): void => {
    if (schema.foreign || schema.$ref) return
    if (!schema.description && path !== '') silent.push(path)
    for (const [name, field] of Object.entries(schema.properties ?? {})) visit(field, `${path}.${name}`)
  }
  for (const source of kinds) {
    for (const version of source.versions) {
      for (const [name, schema] of Object.entries(version.fields)) visit(schema, `${source.kind}.${name}`)
    }
  }
  assert.deepEqual(silent, [])
})
