import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { compileCrd, group, kinds, validateObject } from '@millrace/api'
import { oracle } from './test-data.ts'

const file = join(import.meta.dirname, '../../../deploy/schema/openapi.json')

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId?: string }>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

describe('the OpenAPI document', () => {
  const text = readFileSync(file, 'utf8')
  const document = JSON.parse(text) as OpenApi

  test('is valid OpenAPI 3.0, with every reference in it', async () => {
    const validator = new Validator()
    const { valid, errors } = await validator.validate(text)
    assert.equal(valid, true, JSON.stringify(errors))
    assert.equal(validator.version, '3.0')
  })

  test('has the paths that the API server serves for our CRDs, each operation under a name of its own', () => {
    for (const { spec } of kinds.map((kind) => compileCrd(kind, 'minimal').crd)) {
      for (const { name, subresources } of spec.versions) {
        const scope = spec.scope === 'Namespaced' ? 'namespaces/{namespace}/' : ''
        const collection = `/apis/${group}/${name}/${scope}${spec.names.plural}`
        assert.deepEqual(verbs(document.paths[collection]), ['delete', 'get', 'post'], collection)
        assert.deepEqual(verbs(document.paths[`${collection}/{name}`]), ['delete', 'get', 'patch', 'put'])
        const status = document.paths[`${collection}/{name}/status`]
        assert.deepEqual(verbs(status), subresources?.status ? ['get', 'patch', 'put'] : [])
      }
    }
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path).flatMap(({ operationId }) => (operationId === undefined ? [] : [operationId])),
    )
    assert.equal(new Set(ids).size, ids.length)
  })

  test('has schemas that accept and refuse what the validator does', () => {
    const ajv = new Ajv({ strict: false, logger: false })
    addFormats.default(ajv)
    ajv.addSchema(document, 'openapi')
    const accepts = ajv.compile({ $ref: 'openapi#/components/schemas/io.kserve.serving.v1beta1.InferenceService' })
    for (const { object } of oracle()) {
      const errors = validateObject(object.kind, object).filter(({ severity }) => severity === 'error')
      if (errors.some(({ rule }) => rule === 'duplicate') || JSON.stringify(object).includes('null')) continue
      assert.equal(accepts(object), errors.length === 0, JSON.stringify([object, errors, accepts.errors]))
    }
  })
})

function verbs(path: object = {}): readonly string[] {
  return Object.keys(path)
    .filter((name) => name !== 'parameters')
    .sort()
}
