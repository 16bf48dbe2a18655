import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { resources as serving, shippedConfig } from '@millrace/api'
import { type KubeObject, silentLog } from '@millrace/kube'
import { parseAllDocuments, stringify } from 'yaml'
import { bootstrap } from '../src/platform/bootstrap.ts'
import { runCli } from '../src/run-cli.ts'
import { embeddedServer } from './embedded-server.ts'

const services = new URL('testdata/config/services.yaml', import.meta.url).pathname
const mistakes = new URL('testdata/config/mistakes.yaml', import.meta.url).pathname

interface Ran {
  readonly code: number
  readonly out: string
  readonly error: string
}

async function diff(...args: readonly string[]): Promise<Ran> {
  let [out, error] = ['', '']
  const code = await runCli(['config', 'diff', ...args], {
    out: (text) => void (out += text),
    error: (text) => void (error += text),
    isInteractive: false,
    environment: {},
    workingDirectory: tmpdir(),
    signal: new AbortController().signal,
  })
  return { code, out, error }
}

/** The shipped configuration with some settings changed, in a file. */
function configFile(t: TestContext, settings: Readonly<Record<string, object>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-config-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const parts = Object.entries(settings).map(([key, fields]) => [
    key,
    JSON.stringify({ ...JSON.parse(shippedConfig[key] ?? '{}'), ...fields }, undefined, 2),
  ])
  const metadata = { name: 'inferenceservice-config', namespace: 'kserve' }
  const data = { ...shippedConfig, ...Object.fromEntries(parts) }
  const file = join(folder, 'new.yaml')
  writeFileSync(file, stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }))
  return file
}

test('the same configuration changes nothing: exit code 0', async (t) => {
  const { code, out, error } = await diff('-f', configFile(t, {}), '-f', services)
  assert.equal(code, 0, error)
  assert.match(out, /Settings: none would change\n\nServices: none would change/)
})

test('settings, services, and the fields for which pods would be replaced: exit code 1', async (t) => {
  const file = configFile(t, {
    storageInitializer: { image: 'mine/init:2' },
    ingress: { ingressDomain: 'other.example' },
    rolloutWaves: { services: 1 },
  })
  const { code, out, error } = await diff('-f', file, '-f', services, '-o', 'json')
  assert.equal(code, 1)
  const { settings, services: effects, unchanged } = JSON.parse(out)
  assert.deepEqual(
    settings.map(({ path, to }: { path: string; to: unknown }) => [path, to]),
    [
      ['storageInitializer.image', 'mine/init:2'],
      ['ingress.ingressDomain', 'other.example'],
      ['rolloutWaves.services', 1],
    ],
  )
  const told = effects.map((effect: { service: string; outcome: string; objects: readonly object[] }) => [
    effect.service.replace('InferenceService ', ''),
    effect.outcome,
    effect.objects.flatMap((object) => {
      const { object: name, fields } = object as { object: string; fields: readonly { path: string }[] }
      return fields.map(({ path }) => `${name} ${path}`)
    }),
  ])
  const image = 'spec.template.spec.initContainers[storage-initializer].image'
  const hosts = (name: string) => [0, 1].map((index) => `Ingress ${name} spec.rules[${index}].host`)
  assert.deepEqual(told, [
    ['team/fetched', 'rolls', [`Deployment fetched-predictor ${image}`, ...hosts('fetched')]],
    ['team/also', 'rolls', [`Deployment also-predictor ${image}`, ...hosts('also')]],
    ['team/mounted', 'changes', hosts('mounted')],
  ])
  assert.equal(unchanged, 1, 'the pods of Knative mode get it when they are made')
  assert.match(
    error,
    /^2 services would replace their pods, 1 at a time; 1 service would change without; 1 service would/,
  )
})

test('another default mode concerns nothing that exists, also where files lack the status', async (t) => {
  const { out, code } = await diff(
    '-f',
    configFile(t, { deploy: { defaultDeploymentMode: 'Knative' } }),
    '-f',
    services,
  )
  assert.equal(code, 1, 'a setting is another')
  assert.match(out, /deploy\.defaultDeploymentMode +Standard +Knative/)
  assert.match(out, /Services: none would change/)
})

test('each mistake is told with its place in the file and what is expected: exit code 2', async () => {
  const { code, out, error } = await diff('-f', mistakes, '-f', services)
  assert.equal(code, 2)
  assert.equal(out, '')
  const lines = readFileSync(mistakes, 'utf8').split('\n')
  const found = [...error.matchAll(/^.*mistakes\.yaml:(\d+):(\d+): (error|warning): (\S+): (.*)$/gm)].map(
    ([, line, column, severity, path, message]) => ({
      there: lines[Number(line) - 1]?.slice(Number(column) - 1, Number(column) + 9),
      told: `${severity} ${path} ${message}`,
    }),
  )
  assert.deepEqual(found, [
    { there: '"enableGat', told: 'error data.ingress.enableGatewayApi must be a boolean, but is the string "maybe"' },
    { there: '"cpuLimit"', told: 'error data.agent.cpuLimit "lots" is not a quantity such as "500m" or "2Gi"' },
    { there: 'oops', told: 'error data.logger is not JSON: a value is expected' },
    {
      there: "loger: '{}",
      told: 'warning data.loger is not a key of the configuration: did you mean "logger"? It is ignored',
    },
  ])
})

test('against a cluster: its services, with the configuration that it has', async (t) => {
  const { embedded, client } = await embeddedServer(t)
  await bootstrap(client, { log: silentLog, signal: t.signal })
  for (const document of parseAllDocuments(readFileSync(services, 'utf8'))) {
    const object = document.toJS() as KubeObject
    const metadata = { ...object.metadata, namespace: 'default' }
    await client.create(serving.inferenceServices, { ...object, metadata })
  }
  const against = ['--kubeconfig', embedded.kubeconfig]
  assert.equal((await diff('-f', configFile(t, {}), ...against)).code, 0)
  const file = configFile(t, { storageInitializer: { image: 'mine/init:2' } })
  const { code, out, error } = await diff('-f', file, ...against)
  assert.equal(code, 1, error)
  assert.match(
    out,
    /InferenceService default\/fetched +rolls +Deployment fetched-predictor +spec\.template\.\S+image \(pods\)/,
  )
  // This cluster has no Knative: that service cannot be rendered with either configuration.
  assert.match(error, /^2 services would replace their pods; 2 services would stay as they are\.$/m)
})

test('whatever else is wrong is 2 as well', async (t) => {
  const file = configFile(t, {})
  assert.equal((await diff('-f', 'nothere.yaml')).code, 2)
  assert.equal((await diff('-f', services)).code, 2)
  assert.equal((await diff('-f', file, '--kubeconfig', 'nothere')).code, 2)
  assert.equal((await diff('-f', file, '-f', services, '-o', 'xml')).code, 2)
  assert.equal((await diff()).code, 2)
})
