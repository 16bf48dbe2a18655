import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { type InferenceService, parseConfig, withDefaults } from '@millrace/api'
import { type AdmissionCase, goldenAdmission } from './test-data.ts'

/**
 * Cases that read otherwise than KServe on purpose: the container that serves gets the defaults, not the first one; a field
 * that nothing knows is for the API server to prune; ModelMesh services are left alone by whoever asks for the mode; caches
 * are found while gathering.
 */
const otherwise: readonly RegExp[] = [
  /collocation-transformer-first$/,
  /custom-kserve-container-second$/,
  /invalid-unknown-field$/,
  /mode-modelmesh-/,
  /^localmodel\//,
]

/** Go writes empty strings and objects where nothing was set, and the API server the default protocol of a port. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value)
    .map(([name, field]) => [name, withoutEmpty(field)] as const)
    .filter(([name, field]) => !(isEmpty(field) || (name === 'protocol' && field === 'TCP')))
  return Object.fromEntries(fields)
}

function isEmpty(value: unknown): boolean {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return value === '' || (isObject && Object.keys(value).length === 0)
}

describe('reading a service with defaults', () => {
  const { cases, configs } = goldenAdmission()
  const services = cases.filter(({ object, read }) => object.kind === 'InferenceService' && read)
  const readOf = (each: AdmissionCase): InferenceService =>
    withDefaults(each.object as unknown as InferenceService, parseConfig(configs[each.config]).config)

  test("gives what KServe's webhook writes into the object", () => {
    const different = services
      .filter((each) => !otherwise.some((pattern) => pattern.test(each.case)))
      .filter((each) => {
        const { spec, metadata } = readOf(each)
        const ours = { spec, annotations: metadata.annotations }
        return !isDeepStrictEqual(withoutEmpty(ours), withoutEmpty(each.read))
      })
    assert.deepEqual(
      different.map((each) => each.case),
      [],
    )
    assert.ok(services.length > 350)
  })

  test('changes nothing when done twice, and never touches the object', () => {
    for (const each of services) {
      const before = structuredClone(each.object)
      const once = readOf(each)
      const twice = withDefaults(once, parseConfig(configs[each.config]).config)
      assert.deepEqual(twice, once, each.case)
      assert.deepEqual(each.object, before, each.case)
    }
  })
})
