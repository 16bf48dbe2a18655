import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { type Finding, type JsonSchema, kinds, validateObject } from '@millrace/api'
import { parse } from 'yaml'
import kubernetes from '../src/generated/kubernetes.json' with { type: 'json' }
import { schemaEmitter } from '../src/json-schema/emit-schema.ts'
import { publishedDefinitions } from '../src/json-schema/json-schema.ts'
import { definition } from '../src/schema/schema.ts'
import { goldenAdmission, oracle } from './test-data.ts'

// Its exports cannot be imported by name.
const languageService = createRequire(import.meta.url)(
  'vscode-json-languageservice',
) as typeof import('vscode-json-languageservice')

const root = join(import.meta.dirname, '../../..')
const folders = ['deploy/schema', 'deploy/schema/referenced'] as const

interface AnyObject {
  readonly apiVersion: string
  readonly kind: string
}

/** Kubernetes' own types as they are published elsewhere: a test needs no network. */
function definitionsElsewhere(): JsonSchema {
  const originOf = (name: string) => definition(name).origin ?? name
  const definitions: Record<string, JsonSchema> = {}
  const emit = schemaEmitter({
    referenceTo: (name) => `#/definitions/${originOf(name)}`,
    define: (name, schema) => {
      definitions[originOf(name)] = schema
    },
    hasNumberFormats: false,
  })
  for (const name of Object.keys(kubernetes)) emit({ $ref: name })
  return { $id: publishedDefinitions, definitions }
}

function validators(folder: string): ReadonlyMap<string, ValidateFunction> {
  const ajv = new Ajv({
    strictRequired: false,
    strictTypes: false,
    strict: true,
    logger: false,
    code: { optimize: false },
  })
  addFormats.default(ajv)
  ajv.addSchema(definitionsElsewhere())
  const files = globSync(`${folder}/*_*.json`, { cwd: root })
  return new Map(
    files.map((file) => [basename(file, '.json'), ajv.compile(JSON.parse(readFileSync(join(root, file), 'utf8')))]),
  )
}

function fileOf({ apiVersion, kind }: AnyObject): string {
  return `${kind.toLowerCase()}_${apiVersion.slice(apiVersion.indexOf('/') + 1)}`
}

/** What JSON Schema has no words for: keys of lists, names of Kubernetes, and that a null is no value. */
function isBeyondWords({ rule }: Finding): boolean {
  return rule === 'duplicate' || rule === 'dns-name'
}

function recorded(): readonly AnyObject[] {
  const objects = [...oracle(), ...goldenAdmission().cases].map(({ object }) => object as unknown as AnyObject)
  return objects.filter((object) => kinds.some(({ kind }) => kind === object.kind) && !hasNull(object))
}

function hasNull(value: unknown): boolean {
  return typeof value === 'object' ? value === null || Object.values(value).some(hasNull) : false
}

for (const folder of folders) {
  describe(`the JSON Schemas of ${folder}`, () => {
    const schemas = validators(folder)

    test('are there for every version of every kind', () => {
      const wanted = kinds.flatMap(({ kind, versions }) => versions.map(({ name }) => `${kind.toLowerCase()}_${name}`))
      assert.deepEqual([...schemas.keys()].sort(), wanted.sort())
    })

    test('accept and refuse what the validator does', () => {
      const verdicts = { accepted: 0, refused: 0 }
      for (const object of recorded()) {
        const accepts = schemas.get(fileOf(object))
        const errors = validateObject(object.kind, object).filter(({ severity }) => severity === 'error')
        if (!accepts || errors.some(isBeyondWords)) continue
        verdicts[errors.length === 0 ? 'accepted' : 'refused'] += 1
        assert.equal(accepts(object), errors.length === 0, JSON.stringify([object, errors, accepts.errors]))
      }
      assert.ok(verdicts.accepted > 500 && verdicts.refused > 200, JSON.stringify(verdicts))
    })

    test('accept every example', () => {
      const examples = globSync('examples/*.yaml', { cwd: root }).map(
        (file) => [file, parse(readFileSync(join(root, file), 'utf8')) as AnyObject] as const,
      )
      assert.ok(examples.length >= 4)
      for (const [file, object] of examples) {
        const accepts = schemas.get(fileOf(object))
        assert.equal(accepts?.(object), true, `${file}: ${JSON.stringify(accepts?.errors)}`)
      }
    })
  })
}

describe('an editor with the published schema', () => {
  const service = languageService.getLanguageService({})
  const text = readFileSync(join(root, 'deploy/schema/inferenceservice_v1beta1.json'), 'utf8')
  service.configure({ schemas: [{ uri: 'millrace://schema', fileMatch: ['*'], schema: JSON.parse(text) }] })
  const object = {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { name: 'iris' },
    spec: { predictor: { minReplicas: 'two', logger: { mode: 'some' }, storageUrl: 's3://b' } },
  }
  const document = languageService.TextDocument.create(
    'file:///iris.json',
    'json',
    1,
    JSON.stringify(object, undefined, 1),
  )
  const json = service.parseJSONDocument(document)

  test('marks what is wrong, at its place', async () => {
    const said = await service.doValidation(document, json)
    const places = said.map(({ range, message }) => `${document.getText(range)}: ${message}`)
    assert.deepEqual(places.sort(), [
      '"some": Value is not accepted. Valid values: "all", "request", "response".',
      '"storageUrl": Property storageUrl is not allowed.',
      '"two": Incorrect type. Expected "integer".',
    ])
  })

  test('explains a field, and offers the others with their meaning', async () => {
    const at = document.positionAt(document.getText().indexOf('minReplicas'))
    const hover = await service.doHover(document, at, json)
    assert.match(JSON.stringify(hover?.contents), /Least number of replicas/)
    const offered = await service.doComplete(document, at, json)
    const labels = offered?.items.map(({ label }) => label) ?? []
    for (const field of ['model', 'maxReplicas', 'containers']) assert.ok(labels.includes(field), field)
  })
})
