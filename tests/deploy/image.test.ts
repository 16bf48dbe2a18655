import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { attempt, type Outcome, root } from './run-tool.ts'

const recipe = readFileSync(join(root, 'deploy/image/Containerfile'), 'utf8')
const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter(Boolean)

interface Target {
  /** Folders and files of the sources that the image holds, beside node_modules. */
  readonly copied: readonly string[]
  readonly entryPoint: readonly string[]
  readonly workspace: string
}

/** A stage of the recipe that people build, with what it takes from the stage that installed its dependencies. */
function targetOf(name: string): Target {
  const stage = new RegExp(`^FROM base AS ${name}$([\\s\\S]*?)(?=^FROM |$(?![\\s\\S]))`, 'm').exec(recipe)?.[1] ?? ''
  const copied = [...stage.matchAll(/^COPY --from=\S+ \/app\/(\S+) (\S+)$/gm)].map(([, from, to]) => {
    assert.equal(from, to, 'links in node_modules hold only where folders stay where they are')
    return from ?? ''
  })
  const install = new RegExp(`^FROM sources AS ${name}-files$([\\s\\S]*?)^FROM `, 'm').exec(recipe)?.[1] ?? ''
  return {
    copied: copied.filter((path) => path !== 'node_modules'),
    entryPoint: JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(stage)?.[1] ?? '[]') as string[],
    workspace: /--workspace=(\S+)/.exec(install)?.[1] ?? '',
  }
}

/** The tree of an image: what it copies, and links to the packages that `npm install --workspace` puts there. */
function layOut(directory: string, { copied, workspace }: Target, without: readonly string[]): void {
  for (const path of copied) {
    cpSync(join(root, path), join(directory, path), {
      recursive: true,
      filter: (source) => !/\/(node_modules|test|testdata)$/.test(source),
    })
  }
  const link = (target: string, path: string) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    symlinkSync(target, join(directory, path))
  }
  const wanted = [workspace]
  for (const path of wanted) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as {
      readonly dependencies?: Readonly<Record<string, string>>
    }
    for (const name of Object.keys(dependencies)) {
      if (without.includes(name) || existsSync(join(directory, 'node_modules', name))) continue
      const own = name.startsWith('@millrace/') ? `packages/${basename(name)}` : undefined
      // Like npm's, the link is there even where its target was not copied.
      link(own ? join(directory, own) : join(root, 'node_modules', name), `node_modules/${name}`)
      if (own && !wanted.includes(own)) wanted.push(own)
    }
  }
}

async function start(t: TestContext, name: string, args: readonly string[], without: readonly string[] = []) {
  const target = targetOf(name)
  assert.ok(target.copied.length > 0 && target.entryPoint.length > 0, `${name} is a stage of the recipe`)
  const directory = await mkdtemp(join(tmpdir(), 'millrace-image-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  layOut(directory, target, without)
  const [program, ...own] = target.entryPoint.map((part) => part.replace(/^\/app\//, `${directory}/`))
  assert.equal(program, 'node')
  const outcome: Outcome = await attempt(process.execPath, [...own, ...args], { env: { KUBERNETES_SERVICE_HOST: '' } })
  assert.doesNotMatch(outcome.stderr, /ERR_MODULE_NOT_FOUND|Cannot find/)
  return outcome
}

test('everything that the recipe copies is there, and reaches the build', () => {
  const [, copies = ''] = recipe.split('AS sources')
  const sources = [...(copies.split('FROM ')[0] ?? '').matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, from = '']) =>
    from.split(' '),
  )
  assert.deepEqual(sources, ['package.json', 'package-lock.json', '.npmrc', 'packages'])
  for (const path of sources) {
    assert.ok(existsSync(join(root, path)), path)
    assert.ok(ignored.includes(`!${path}`), `.dockerignore lets ${path} in`)
  }
  const packages = readdirSync(join(root, 'packages')).filter((name) => ignored.includes(`packages/${name}`))
  assert.deepEqual(packages, ['testkit'])
})

test('no image runs as root or holds a secret', () => {
  for (const name of ['controller', 'model-server', 'storage-initializer'])
    assert.match(recipe, new RegExp(`^FROM base AS ${name}$`, 'm'))
  assert.match(/^FROM \$\{NODE\} AS base$[\s\S]*?^FROM /m.exec(recipe)?.[0] ?? '', /^USER 65532:65532$/m)
  assert.doesNotMatch(recipe, /TOKEN|PASSWORD|SECRET/i)
})

test('the controller starts from what its image holds, without the library of the model server', async (t) => {
  const args = [
    'controller',
    '--kubeconfig',
    '/nowhere',
    '--webhook-port=0',
    '--metrics-addr=0',
    '--health-probe-addr=0',
  ]
  const { code, stderr } = await start(t, 'controller', args, ['onnxruntime-node'])
  assert.notEqual(code, 0)
  assert.match(stderr, /\/nowhere/)
})

test('the storage initializer starts from what its image holds', async (t) => {
  const { code, stderr } = await start(t, 'storage-initializer', ['s3//mistyped', '/nowhere/models'])
  assert.equal(code, 1, stderr)
  assert.match(stderr, /s3\/\/mistyped/)
})

test('the model server starts from what its image holds', async (t) => {
  const args = ['--model_name=iris', '--model_dir=/nowhere', '--http_port=0']
  const { code, stderr } = await start(t, 'model-server', args)
  assert.equal(code, 1, stderr)
  assert.match(stderr, /\/nowhere/)
})
