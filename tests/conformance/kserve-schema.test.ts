import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  checkObject,
  compileCrd,
  type CustomResourceDefinition,
  type Finding,
  formatFinding,
  group,
  type KindSource,
  kinds,
  validateObject,
} from '@millrace/api'
import { isKubeError } from '@millrace/kube'
import { createSeededRandom } from '@millrace/testkit'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { kserveCrds } from '../kubernetes/kserve-crds.ts'
import { changed, valueOf } from './object-from-schema.ts'
import { install, type OwnServer, startRealServer } from './own-kinds.ts'

/** KServe's CRDs beside ours on one server: under another group. */
const otherGroup = 'as-kserve.example.com'
const objectsPerKind = 100
const servicesMax = 1200
const atOnce = 8

/** What we refuse and KServe's schema does not. */
const stricter: readonly { readonly rule: string; readonly where: RegExp }[] = [
  { rule: 'duplicate', where: /\.(containers|initContainers|ephemeralContainers|volumes)\[\d+\]$/ },
  { rule: 'required', where: /^spec$/ },
  { rule: 'maximum', where: /./ },
  { rule: 'minimum', where: /./ },
]
/** What KServe's schema refuses and we do not: its webhook fills these in before the schema is asked. */
const filledInByKServe =
  /^spec\.(canary\[\d+\]\.predictor\..*(name|modelFormat|port)|(predictor|transformer|explainer)\.containers\[\d+\]\.name)$/

interface Refusal {
  readonly message: string
  /** Where it says why, as far as it names places. */
  readonly fields: readonly string[]
}

describe("our schema and KServe's own, on kube-apiserver", { skip: kubernetesSkipReason() }, () => {
  let server: OwnServer
  before(async () => {
    server = await startRealServer()
    for (const crd of kserveCrds()) await install(server.client, underOtherGroup(crd))
    for (const source of kinds) await install(server.client, compileCrd(source, 'full').crd)
  })
  after(() => server?.close())

  const refusalIn = async (source: KindSource, inGroup: string, object: object): Promise<Refusal | undefined> => {
    const version = source.versions[0]?.name ?? ''
    const scope = source.namespaced ? 'namespaces/default/' : ''
    const path = `/apis/${inGroup}/${version}/${scope}${source.plural}?dryRun=All&fieldValidation=Strict`
    try {
      await server.client.request('POST', path, { body: { ...object, apiVersion: `${inGroup}/${version}` } })
      return undefined
    } catch (error) {
      if (!isKubeError(error) || ![400, 422].includes(error.httpStatus ?? 0)) throw error
      const fields = (error.status?.details?.causes ?? []).map(({ field = '' }) => field)
      return { message: error.message, fields: fields.filter((field) => field !== '<nil>') }
    }
  }

  for (const source of kinds) {
    test(`accept and refuse the same ${source.plural}, but for what is listed`, async () => {
      const theirs = kserveCrds()[kinds.indexOf(source)]
      const verdicts = { accepted: 0, refused: 0 }
      const differences: string[] = []
      const compare = async (object: object): Promise<void> => {
        const [refusal, ours] = await Promise.all([
          refusalIn(source, otherGroup, object),
          refusalIn(source, group, object),
        ])
        verdicts[refusal ? 'refused' : 'accepted'] += 1
        const findings = errorsOf(validateObject(source.kind, object))
        const said = `${JSON.stringify(object)}\n  KServe ${refusal?.message}\n  ours ${findings.map(formatFinding).join('; ')}`
        if (Boolean(refusal) !== findings.length > 0 && !isListed(refusal, findings)) differences.push(said)
        // The CRD may leave open what admission refuses, never the other way round.
        if (ours && errorsOf(checkObject(object)).length === 0) differences.push(`${said}\n  our CRD ${ours.message}`)
      }
      const objects = objectsFor(source, theirs)
      await Promise.all(
        Array.from({ length: atOnce }, async () => {
          for (let next = objects.pop(); next; next = objects.pop()) await compare(next)
        }),
      )
      assert.deepEqual(differences, [])
      assert.ok(verdicts.accepted >= 20 && verdicts.refused >= 20, JSON.stringify(verdicts))
    })
  }
})

test('what differs on purpose is explained in the list of differences', () => {
  const list = readFileSync(join(import.meta.dirname, '../../docs/api-differences.md'), 'utf8')
  for (const { rule } of stricter) assert.ok(list.includes(`\`${rule}\``), rule)
  assert.match(list, /in a canary's predictor: `model\.name`/)
})

function underOtherGroup(crd: CustomResourceDefinition): CustomResourceDefinition {
  const { apiVersion, kind, spec } = crd
  return {
    apiVersion,
    kind,
    metadata: { name: `${spec.names.plural}.${otherGroup}`, labels: {} },
    spec: { ...spec, group: otherGroup },
  }
}

/** Made from KServe's schema, so that a field which ours lacks shows too. */
function objectsFor(source: KindSource, crd: CustomResourceDefinition | undefined): object[] {
  const version = crd?.spec.versions[0]
  assert.ok(version)
  const random = createSeededRandom(20_260_701 + kinds.indexOf(source))
  const { spec = {} } = version.schema.openAPIV3Schema.properties ?? {}
  const count = source.kind === 'InferenceService' ? servicesMax : objectsPerKind
  return Array.from({ length: count }, (_, index) => {
    const metadata = { name: `o${index}`, ...(source.namespaced ? { namespace: 'default' } : {}) }
    const head = { apiVersion: `${group}/${version.name}`, kind: source.kind, metadata }
    const object = { ...head, spec: valueOf(spec, random) }
    return random.chance(0.3) ? object : changed(object, random)
  })
}

function errorsOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity === 'error')
}

function isListed(refusal: Refusal | undefined, findings: readonly Finding[]): boolean {
  if (refusal) return refusal.fields.length > 0 && refusal.fields.every((field) => filledInByKServe.test(field))
  return findings.every((finding) =>
    stricter.some(({ rule, where }) => rule === finding.rule && where.test(finding.path)),
  )
}
