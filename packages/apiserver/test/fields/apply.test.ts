import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '@millrace/kube'
import { builtinCatalog } from '../../src/builtin/catalog.ts'
import { decodeBuiltin, decodeCustom } from '../../src/builtin/decode.ts'
import { defaultBuiltin } from '../../src/builtin/defaults.ts'
import {
  customStrategyOf,
  prepareCreate,
  prepareUpdate,
  resetFields,
  type Strategy,
  strategyOf,
} from '../../src/builtin/strategy.ts'
import { applyServerSide, trackUpdate, type WriteContext } from '../../src/fields/managed-fields.ts'
import { applyJsonPatch } from '../../src/patch/json-patch.ts'
import { applyMergePatch } from '../../src/patch/merge-patch.ts'
import { applyStrategicPatch } from '../../src/patch/strategic-patch.ts'
import { applyDefaults } from '../../src/schema/apply-defaults.ts'
import { compileCrdSchema } from '../../src/schema/compile-schema.ts'
import { invalidMessage } from '../../src/schema/field-error.ts'
import type { JsonSchema, Schema } from '../../src/schema/schema.ts'
import { validate } from '../../src/schema/validate.ts'
import { gvkOf, objectMeta, recorded, schemaOf } from '../recorded.ts'

interface Step {
  readonly verb: 'apply' | 'create' | 'update' | 'patch'
  readonly sub: string
  readonly type: string
  readonly manager: string
  readonly force: boolean
  readonly body: KubeObject
  /** Absent: what the step before left. */
  readonly live?: KubeObject | null
  readonly code: number
  readonly answer: KubeObject & { readonly message?: string }
}

interface Case {
  readonly name: string
  readonly apiVersion: string
  readonly resource: string
  readonly steps: readonly Step[]
}

type Outcome = { readonly object: KubeObject } | { readonly message: string }

/** How a kind turns what a writer sent into what is stored. */
interface Kind {
  readonly schema: Schema
  readonly strategy: Strategy
  complete(object: unknown): Outcome
  check(object: KubeObject, live: KubeObject | undefined): string | undefined
}

function builtinKind(apiVersion: string, plural: string): Kind {
  const resource = builtinCatalog().resources.find(
    ({ gvk, plural: name }) =>
      name === plural && (gvk.group ? `${gvk.group}/${gvk.version}` : gvk.version) === apiVersion,
  )
  if (!resource) throw new Error(`no resource ${plural}`)
  const schema = schemaOf(resource.gvk)
  return {
    schema,
    strategy: strategyOf(resource.gvk),
    complete: (object) => {
      const decoded = decodeBuiltin(object, schema)
      return decoded.ok ? { object: defaultBuiltin(resource.gvk, decoded.object) } : decoded
    },
    check: () => undefined,
  }
}

function customKind(schema: Schema): Kind {
  return {
    schema,
    strategy: customStrategyOf(true),
    complete: (object) => {
      const decoded = decodeCustom(object, schema)
      return decoded.ok ? { object: applyDefaults(decoded.object, schema) } : decoded
    },
    check: (object, live) => {
      const findings = validate(object, schema, live && { value: live })
      return findings.length > 0 ? invalidMessage('Ssa', 'ssa.test', 'x', findings) : undefined
    },
  }
}

function patched(step: Step, live: KubeObject | undefined, schema: Schema): Outcome {
  if (step.verb !== 'patch') return { object: step.body }
  const result = step.type.startsWith('application/json-patch')
    ? applyJsonPatch(live, step.body)
    : step.type.startsWith('application/merge-patch')
      ? applyMergePatch(live, step.body)
      : applyStrategicPatch(live, step.body, schema)
  return result.ok ? { object: result.value as KubeObject } : result
}

function write(step: Step, live: KubeObject | undefined, kind: Kind): Outcome {
  const { schema, strategy } = kind
  const context: WriteContext = {
    schema,
    manager: step.manager,
    subresource: step.sub,
    now: latest(step.answer),
    resetFields: resetFields(strategy, step.sub),
  }
  const store = (object: KubeObject): Outcome => {
    const stored = live
      ? prepareUpdate(strategy, object, live, step.sub)
      : prepareCreate(strategy, gvkOf(object), object)
    const message = kind.check(stored, live)
    return message === undefined ? { object: stored } : { message }
  }
  if (step.verb === 'apply') {
    const result = applyServerSide(live, step.body, { ...context, force: step.force })
    if (!result.ok) return result
    const completed = kind.complete(result.object)
    return 'object' in completed ? store(completed.object) : completed
  }
  const asked = patched(step, live, schema)
  if (!('object' in asked)) return asked
  const { uid, creationTimestamp } = live?.metadata ?? {}
  const identity = { ...(uid ? { uid } : {}), ...(creationTimestamp ? { creationTimestamp } : {}) }
  const completed = kind.complete({ ...asked.object, metadata: { ...asked.object.metadata, ...identity } })
  return 'object' in completed ? store(trackUpdate(live, completed.object, context)) : completed
}

/** Which managers are the oldest depends on the recording's clock. */
function latest({ metadata }: KubeObject): string {
  const times = (metadata?.managedFields ?? []).map(({ time }) => time ?? '')
  return times.sort().at(-1) ?? '2026-12-01T00:00:00Z'
}

/** Without what differs between runs, and with the managers in one order. */
function comparable(object: KubeObject): unknown {
  const copy = structuredClone(object) as unknown as {
    kind: string
    metadata: Record<string, unknown>
    spec?: Record<string, unknown>
  }
  for (const field of ['uid', 'creationTimestamp', 'resourceVersion', 'namespace']) delete copy.metadata[field]
  const allocated: Readonly<Record<string, readonly string[]>> = {
    Service: ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'],
    Pod: ['tolerations', 'priority', 'preemptionPolicy', 'serviceAccount', 'serviceAccountName'],
  }
  for (const field of allocated[copy.kind] ?? []) delete copy.spec?.[field]
  const entries = (copy.metadata['managedFields'] ?? []) as Record<string, unknown>[]
  for (const entry of entries) delete entry['time']
  const order = ({ manager, operation, subresource }: Record<string, unknown>): string =>
    JSON.stringify([manager, operation, subresource])
  entries.sort((a, b) => (order(a) < order(b) ? -1 : 1))
  return copy
}

const sortedLines = (text: string): string => text.split('\n').sort().join('\n')

function replay(cases: readonly Case[], kindOf: (recording: Case) => Kind): void {
  for (const recording of cases) {
    test(recording.name, () => {
      const kind = kindOf(recording)
      let live: KubeObject | undefined
      recording.steps.forEach((step, index) => {
        if (step.live !== undefined) live = step.live ?? undefined
        const outcome = write(step, live, kind)
        const at = `step ${index}: ${step.verb} by ${step.manager}`
        if (step.code < 300) {
          assert.ok('object' in outcome, `${at}: ${'message' in outcome ? outcome.message : ''}`)
          assert.deepEqual(comparable(outcome.object), comparable(step.answer), at)
          live = step.answer
        } else {
          const message = 'message' in outcome ? outcome.message : 'taken'
          assert.equal(sortedLines(message), sortedLines(step.answer.message ?? ''), at)
        }
      })
    })
  }
}

describe('writes to built-in kinds are merged and owned as recorded', () => {
  replay(recorded<readonly Case[]>('apply-builtin'), ({ apiVersion, resource }) => builtinKind(apiVersion, resource))
})

describe('writes to custom resources are merged and owned as recorded', () => {
  const { schema, cases } = recorded<{ schema: JsonSchema; cases: readonly Case[] }>('apply-custom')
  const compiled = compileCrdSchema(schema, objectMeta())
  replay(cases, () => customKind(compiled))
})

const configMap = schemaOf({ group: '', version: 'v1', kind: 'ConfigMap' })
const map = (data: object, more: object = {}): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', ...more }, data }) as KubeObject
const by = (manager: string, minute = 0): WriteContext => ({
  schema: configMap,
  manager,
  subresource: '',
  now: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`,
  resetFields: [],
})

test('the eleventh updating manager makes the oldest ones ancient', () => {
  let live: KubeObject | undefined
  for (let index = 0; index < 12; index++) {
    const before = live
    const data = { ...(before?.['data'] as object | undefined), [`k${index}`]: 'v' }
    live = trackUpdate(before, { ...map(data), metadata: { ...before?.metadata, name: 'c' } }, by(`m${index}`, index))
  }
  const managers = live?.metadata.managedFields?.map(({ manager }) => manager)
  assert.equal(managers?.length, 10)
  assert.ok(managers.includes('ancient-changes'))
  assert.ok(managers.includes('m11') && !managers.includes('m0'))
})

test('an update that brings its own managedFields edits them', () => {
  const first = trackUpdate(undefined, map({ a: '1' }), by('m'))
  const cleared = trackUpdate(first, map({ a: '1' }, { managedFields: [{}] }), by('m'))
  assert.equal(cleared.metadata.managedFields, undefined)
  const silent = trackUpdate(first, map({ a: '1' }), by('other', 5))
  assert.deepEqual(silent.metadata.managedFields, first.metadata.managedFields)
})

test('an applied configuration must not bring managedFields', () => {
  const result = applyServerSide(undefined, map({}, { managedFields: [{}] }), { ...by('m'), force: false })
  assert.deepEqual([result.ok, !result.ok && result.message], [false, 'metadata.managedFields must be nil'])
})
