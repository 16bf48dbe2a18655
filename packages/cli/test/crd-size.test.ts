import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { compileCrd, inferenceServiceKind, measureCrds, nextRecord, sizesOf } from '@millrace/api'
import { ownSizes, sizeTable } from '../src/crd-size-report.ts'
import { runCli } from '../src/run-cli.ts'

const directory = mkdtempSync(join(tmpdir(), 'millrace-crd-size-'))
after(() => rmSync(directory, { recursive: true }))

async function run(...args: readonly string[]) {
  const said = { out: '', error: '' }
  const code = await runCli(args, {
    out: (text) => {
      said.out += text
    },
    error: (text) => {
      said.error += text
    },
    isInteractive: false,
    environment: {},
    workingDirectory: directory,
    signal: new AbortController().signal,
  })
  return { code, ...said }
}

/** Our CRD with so many fields more. */
function crdFile(name: string, fields: number): string {
  const { crd } = compileCrd(inferenceServiceKind, 'full')
  const properties = Object.fromEntries(Array.from({ length: fields }, (_, n) => [`field${n}`, { type: 'string' }]))
  const [version] = structuredClone(crd.spec.versions)
  Object.assign(version?.schema.openAPIV3Schema.properties ?? {}, { planted: { type: 'object', properties } })
  const file = join(directory, name)
  writeFileSync(file, JSON.stringify({ ...crd, spec: { ...crd.spec, versions: [version] } }))
  return file
}

test('a CRD over the budget ends the command with its largest subtrees', async () => {
  const { code, error } = await run('crd', 'size', '-f', crdFile('large.json', 3000))
  assert.equal(code, 1)
  assert.match(
    error,
    /is \d{6} bytes as kubectl's annotation, 262144 are allowed; its largest subtrees:\n[^]*v1beta1 planted/,
  )
})

test('one from 80 % of the budget on is warned of, and no failure', async () => {
  const { code, out, error } = await run('crd', 'size', '-f', crdFile('near.json', 700), '-o', 'json')
  assert.equal(code, 0)
  assert.match(error, /^warning: inferenceservices\.serving\.kserve\.io \(file\) has 8\d % of its budget\n$/)
  assert.equal(JSON.parse(out)[0].largest[0].path, 'v1beta1 spec')
})

test('what is no CRD is refused by name', async () => {
  const file = join(directory, 'odd.json')
  const odd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'odd' } }
  for (const spec of [undefined, {}, { versions: 'v1' }, { versions: [null] }, { versions: [{ schema: 1 }] }]) {
    writeFileSync(file, JSON.stringify({ ...odd, spec }))
    const { code, error } = await run('crd', 'size', '-f', file)
    assert.deepEqual([code, error], [1, 'odd: spec.versions with a schema each is expected\n'])
  }
})

test('every CRD and its subtrees are set against the last release', () => {
  const sizes = sizesOf(measureCrds())
  const changed = JSON.parse(JSON.stringify(sizes)) as typeof sizes
  const name = 'inferenceservices.serving.kserve.io'
  const volumes = 'v1beta1 spec.predictor.volumes'
  const bytes = sizes['full']?.[name]?.bytes ?? 0
  Object.assign(changed['full']?.[name] ?? {}, { bytes: bytes + 1234 })
  Object.assign(changed['full']?.[name]?.subtrees ?? {}, { [volumes]: 12_000 })
  const record = nextRecord({ version: '0.9.0', sizes: changed }, '1.0.0', sizes)
  const table = sizeTable(ownSizes(record), record.lastRelease?.version)
  assert.match(table, /BUDGET +% +SINCE 0\.9\.0/)
  assert.match(table, new RegExp(`${name} +full +${bytes} +262144 +7\\d +-1234\n`))
  assert.match(table, new RegExp(`${volumes} +12\\d{3} +6 +\\+\\d{3}\n`))
  assert.match(sizeTable(ownSizes(undefined), undefined), /No release came before this one/)
})
