import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { createVirtualClock } from '@millrace/testkit'
import { createAuthority, inClusterConnection, KubeError, loadConnection, writeKubeconfig } from '../src/index.ts'

async function directoryOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  return directory
}

function config(user: string, cluster = '{server: "https://k.example:6443"}', more = ''): string {
  return `apiVersion: v1
kind: Config
current-context: main
clusters: [{name: c, cluster: ${cluster}}]
contexts: [{name: main, context: {cluster: c, user: u, namespace: team}}]
users: [{name: u, user: ${user}}]
${more}`
}

async function load(t: TestContext, text: string, files: Readonly<Record<string, string>> = {}) {
  const directory = await directoryOf(t, { ...files, config: text })
  const clock = createVirtualClock()
  const env = { HOME: directory, PATH: process.env['PATH'] }
  const connection = await loadConnection({ kubeconfig: join(directory, 'config'), env, clock })
  return { connection, directory, clock }
}

const pem = createAuthority({ commonName: 'x', now: 0, validForMs: 1 })
const base64 = (text: string) => Buffer.from(text).toString('base64')

test('reads server, namespace, authority and every kind of fixed credential', async (t) => {
  const cluster = `{server: "https://k.example:6443/", certificate-authority-data: ${base64(pem.certificate)}, tls-server-name: real, proxy-url: "http://proxy:3128"}`
  const { connection } = await load(
    t,
    config('{token: abc, as: boss, as-groups: [g1, g2], as-user-extra: {scopes: [x]}}', cluster),
  )
  assert.equal(connection.server, 'https://k.example:6443')
  assert.equal(connection.namespace, 'team')
  assert.equal(connection.certificateAuthority, pem.certificate)
  assert.equal(connection.tlsServerName, 'real')
  assert.equal(connection.proxyUrl, 'http://proxy:3128')
  assert.deepEqual(connection.headers, {
    'impersonate-user': 'boss',
    'impersonate-group': ['g1', 'g2'],
    'impersonate-extra-scopes': ['x'],
  })
  assert.deepEqual(await connection.credentials(), { authorization: 'Bearer abc' })
  const basic = await load(t, config('{username: me, password: "p:w"}'))
  assert.deepEqual(await basic.connection.credentials(), { authorization: `Basic ${base64('me:p:w')}` })
  const certificate = await load(
    t,
    config(`{client-certificate-data: ${base64(pem.certificate)}, client-key-data: ${base64(pem.key)}}`),
  )
  assert.deepEqual(await certificate.connection.credentials(), pem)
})

test('files are found relative to the kubeconfig, and a token file is read again', async (t) => {
  const { connection, directory, clock } = await load(
    t,
    config(
      '{tokenFile: token, client-certificate: a.crt, client-key: a.key}',
      '{server: "https://k", certificate-authority: ca.crt}',
    ),
    {
      token: 'first\n',
      'a.crt': pem.certificate,
      'a.key': pem.key,
      'ca.crt': pem.certificate,
    },
  )
  assert.equal(connection.certificateAuthority, pem.certificate)
  assert.deepEqual(await connection.credentials(), { authorization: 'Bearer first', ...pem })
  await writeFile(join(directory, 'token'), 'second')
  assert.equal((await connection.credentials()).authorization, 'Bearer first')
  await clock.advance(61_000)
  assert.equal((await connection.credentials()).authorization, 'Bearer second')
  await writeFile(join(directory, 'token'), 'third')
  assert.equal(connection.forgetCredentials(), true)
  assert.equal((await connection.credentials()).authorization, 'Bearer third')
})

test('a list of files is merged: the first who names a thing wins, missing files are passed over', async (t) => {
  const first =
    'contexts: [{name: main, context: {cluster: c, user: other}}]\nusers: [{name: other, user: {token: from-first}}]'
  const directory = await directoryOf(t, { first, second: config('{token: from-second}') })
  const files = ['absent', 'first', 'second'].map((name) => join(directory, name)).join(delimiter)
  const connection = await loadConnection({ env: { KUBECONFIG: files, HOME: directory } })
  assert.equal(connection.server, 'https://k.example:6443')
  assert.equal((await connection.credentials()).authorization, 'Bearer from-first')
})

test('the proxy of the environment is used unless NO_PROXY or loopback says no', async (t) => {
  const directory = await directoryOf(t, {
    config: config('{}'),
    local: config('{}', '{server: "https://127.0.0.1:6443"}'),
  })
  const proxyWith = async (file: string, env: Record<string, string>) =>
    (await loadConnection({ kubeconfig: join(directory, file), env })).proxyUrl
  assert.equal(await proxyWith('config', { HTTPS_PROXY: 'proxy:3128' }), 'http://proxy:3128')
  assert.equal(await proxyWith('config', { HTTP_PROXY: 'proxy:3128' }), undefined)
  assert.equal(await proxyWith('config', { https_proxy: 'proxy:3128', no_proxy: 'a,.example' }), undefined)
  assert.equal(
    await proxyWith('config', { https_proxy: 'proxy:3128', no_proxy: 'xample,k.example:1' }),
    'http://proxy:3128',
  )
  assert.equal(await proxyWith('local', { HTTPS_PROXY: 'proxy:3128' }), undefined)
})

const malformed: readonly (readonly [string, string, RegExp])[] = [
  ['not YAML', 'clusters: [', /line \d+ is not YAML/],
  ['not a map', '[1, 2]', /is not a kubeconfig/],
  ['another kind', 'kind: Pod', /kind is "Pod"/],
  ['no current context', 'clusters: []', /current-context is not set; there are none/],
  ['unknown context', 'current-context: nope\ncontexts: [{name: yes, context: {}}]', /no context "nope"; choose: yes/],
  [
    'context without cluster',
    'current-context: a\ncontexts: [{name: a, context: {}}]',
    /contexts\[0\]\.context \(a\)\.cluster is missing/,
  ],
  [
    'unknown cluster',
    'current-context: a\ncontexts: [{name: a, context: {cluster: zz}}]',
    /names "zz", which is not there/,
  ],
  ['no server', config('{}', '{}'), /clusters\[0\]\.cluster \(c\)\.server is missing/],
  ['a server that is no address', config('{}', '{server: "ftp://x"}'), /is not an http\(s\) address/],
  [
    'authority not PEM',
    config('{}', '{server: "https://k", certificate-authority-data: eHg=}'),
    /certificate-authority-data is not PEM in base64/,
  ],
  [
    'authority file missing',
    config('{}', '{server: "https://k", certificate-authority: /nonexistent}'),
    /names \/nonexistent, which cannot be read/,
  ],
  [
    'skip and authority',
    config(
      '{}',
      `{server: "https://k", insecure-skip-tls-verify: true, certificate-authority-data: ${base64(pem.certificate)}}`,
    ),
    /has both/,
  ],
  ['skip not boolean', config('{}', '{server: "https://k", insecure-skip-tls-verify: "yes"}'), /is not true or false/],
  ['certificate without key', config(`{client-certificate-data: ${base64(pem.certificate)}}`), /without its key/],
  ['auth-provider', config('{auth-provider: {name: gcp}}'), /no longer supported by Kubernetes; use an exec/],
  ['token not a string', config('{token: 7}'), /token is not a string/],
  ['token file missing', config('{tokenFile: nonexistent}'), /cannot be read/],
  ['name missing', 'users: [{user: {}}]', /users\[0\]\.name is missing/],
  ['list is none', 'users: {}', /users is not a list/],
  [
    'exec of old',
    config('{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}'),
    /apiVersion must be one of/,
  ],
  ['exec without command', config('{exec: {apiVersion: client.authentication.k8s.io/v1}}'), /command is missing/],
]

for (const [what, text, message] of malformed) {
  test(`a malformed kubeconfig says where it is wrong: ${what}`, async (t) => {
    await assert.rejects(load(t, text), (error: unknown) => {
      assert.ok(error instanceof KubeError)
      assert.match(error.message, message)
      return true
    })
  })
}

test('what cannot be parsed is not quoted: it may hold a token', async (t) => {
  const error = await load(t, 'users: [{name: u, user: {token: s3cret}}').catch((caught: unknown) => caught)
  assert.ok(error instanceof KubeError)
  assert.ok(!`${error.message}${String(error.cause)}`.includes('s3cret'))
})

test('no kubeconfig anywhere says where was looked', async (t) => {
  const directory = await directoryOf(t, {})
  await assert.rejects(loadConnection({ env: { HOME: directory } }), {
    code: 'BadKubeconfig',
    message: /No kubeconfig found .*pass --kubeconfig/,
  })
  await assert.rejects(loadConnection({ kubeconfig: join(directory, 'nope'), env: {} }), {
    message: /nope: no such file/,
  })
})

test('in a pod, its service account is used and its token read again', async (t) => {
  const directory = await directoryOf(t, { token: 'one', 'ca.crt': pem.certificate, namespace: 'serving\n' })
  const clock = createVirtualClock()
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
  const connection = await inClusterConnection(env, clock, directory)
  assert.ok(connection)
  assert.deepEqual([connection.server, connection.namespace], ['https://[fd00::1]:443', 'serving'])
  await writeFile(join(directory, 'token'), 'two')
  await clock.advance(61_000)
  assert.equal((await connection.credentials()).authorization, 'Bearer two')
  assert.equal(await inClusterConnection({}, clock, directory), undefined)
})

test('what is written can be loaded, and only by its owner', async (t) => {
  const directory = await directoryOf(t, {})
  const path = join(directory, 'deep', 'kubeconfig')
  const content = {
    name: 'millrace: "x"',
    server: 'https://127.0.0.1:1',
    certificateAuthority: pem.certificate,
    token: 'a"b: c',
    namespace: 'n',
  }
  await writeKubeconfig(path, content)
  await writeKubeconfig(path, content)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  const connection = await loadConnection({ kubeconfig: path, env: {} })
  assert.deepEqual(
    [connection.server, connection.namespace, connection.certificateAuthority],
    [content.server, 'n', pem.certificate],
  )
  assert.equal((await connection.credentials()).authorization, 'Bearer a"b: c')
})

/** A plugin that counts its runs in a file beside it and prints what it is told to. */
async function pluginConfig(directory: string, script: string, extra = ''): Promise<string> {
  const path = join(directory, 'plugin')
  await writeFile(
    path,
    `#!${process.execPath}\nconst fs = require('node:fs'); fs.appendFileSync(__dirname + '/runs', 'x');\n${script}`,
  )
  await chmod(path, 0o755)
  const file = join(directory, 'config')
  await writeFile(
    file,
    config(
      `{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, args: [a, b], env: [{name: GIVEN, value: v}], interactiveMode: Never${extra}}}`,
    ),
  )
  return file
}

test('an exec plugin is run once for many calls, again before its credential ends, and again when refused', async (t) => {
  const directory = await directoryOf(t, {})
  const clock = createVirtualClock()
  const script = `
const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO)
const runs = fs.readFileSync(__dirname + '/runs', 'utf8').length
const token = [runs, process.argv.slice(2), process.env.GIVEN, info.kind, info.spec.cluster.server].join(' ')
console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: 'ExecCredential', status: { token, expirationTimestamp: '${new Date(clock.now() + 60_000).toISOString()}' } }))`
  const connection = await loadConnection({
    kubeconfig: await pluginConfig(directory, script, ', provideClusterInfo: true'),
    env: process.env,
    clock,
  })
  const [one, two] = await Promise.all([connection.credentials(), connection.credentials()])
  assert.equal(one.authorization, 'Bearer 1 a,b v ExecCredential https://k.example:6443')
  assert.equal(two, one)
  await clock.advance(45_000)
  assert.equal(await connection.credentials(), one)
  await clock.advance(10_000)
  assert.match((await connection.credentials()).authorization ?? '', /^Bearer 2 /)
  connection.forgetCredentials()
  assert.match((await connection.credentials()).authorization ?? '', /^Bearer 3 /)
})

const badPlugins: readonly (readonly [string, string, RegExp])[] = [
  ['fails', 'process.exit(3)', /plugin ended with exit code 3/],
  ['prints no JSON', 'console.log("hello")', /not JSON/],
  ['prints another kind', 'console.log(JSON.stringify({kind: "Secret"}))', /not an ExecCredential/],
  [
    'gives nothing',
    'console.log(JSON.stringify({kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", status: {}}))',
    /neither a token nor/,
  ],
  [
    'prints without end',
    'const s = "x".repeat(65536); const go = () => process.stdout.write(s, go); go()',
    /more than \d+ bytes/,
  ],
]

for (const [what, script, message] of badPlugins) {
  test(`an exec plugin that ${what} is an error`, async (t) => {
    const directory = await directoryOf(t, {})
    const connection = await loadConnection({ kubeconfig: await pluginConfig(directory, script), env: process.env })
    await assert.rejects(connection.credentials(), { code: 'BadCredentials', message })
  })
}

test('an exec plugin that is not installed says how to get it', async (t) => {
  const { connection } = await load(
    t,
    config(
      '{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: no-such-plugin, installHint: Get it from the shop., args: []}}',
    ),
  )
  await assert.rejects(connection.credentials(), { message: /no-such-plugin was not found\. Get it from the shop\./ })
})
