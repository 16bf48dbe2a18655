import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { importsOf } from './imports-of.ts'
import { projectFiles, root, shippedFiles, sourceFiles } from './source-files.ts'

/** Who may import whom; the reasons are in ARCHITECTURE.md. `types` allows `import type` alone. */
const table: Readonly<Record<string, { readonly values: readonly string[]; readonly types?: readonly string[] }>> = {
  api: { values: [] },
  kube: { values: [] },
  render: { values: ['api'], types: ['kube'] },
  controller: { values: ['api', 'render', 'kube'] },
  apiserver: { values: [], types: ['kube'] },
  standalone: { values: ['kube'] },
  protocol: { values: [] },
  storage: { values: [] },
  dataplane: { values: ['protocol', 'storage'] },
  'model-server': { values: ['protocol', 'storage'] },
  cli: {
    values: [
      'api',
      'render',
      'kube',
      'controller',
      'apiserver',
      'standalone',
      'protocol',
      'storage',
      'dataplane',
      'model-server',
    ],
  },
  console: { values: ['api', 'protocol'] },
  testkit: { values: [] },
}

/** Shells: the packages whose job is to touch the world. The others are pure and import no `node:` module that does. */
const purePackages = ['api', 'render', 'protocol']
const impureModules = /^node:(fs|net|http|https|http2|tls|child_process|dns|dgram|cluster|worker_threads|os)(\/|$)/

const packageOf = (path: string): string => path.split('/')[1] ?? ''

test('every package imports only what the table allows', () => {
  const broken: string[] = []
  for (const file of shippedFiles()) {
    const from = packageOf(file.path)
    const row = table[from]
    assert.ok(row, `packages/${from} has no row in the import table`)
    for (const { target, typeOnly } of importsOf(file)) {
      const to = /^@millrace\/([^/]+)$/.exec(target)?.[1]
      if (to === undefined) {
        if (target.startsWith('@millrace/')) broken.push(`${file.path}: ${target} reaches inside another package`)
        continue
      }
      const allowed = row.values.includes(to) || (typeOnly && row.types?.includes(to))
      if (!allowed) broken.push(`${file.path}: ${from} may not import ${to}${typeOnly ? '' : ' at run time'}`)
    }
  }
  assert.deepEqual(broken, [])
})

test('nobody imports another package by path', () => {
  const broken: string[] = []
  for (const file of sourceFiles().filter((file) => file.path.startsWith('packages/'))) {
    for (const { target } of importsOf(file)) {
      if (!target.startsWith('.')) continue
      const resolved = join(file.path, '..', target).replaceAll('\\', '/')
      if (!resolved.startsWith(`packages/${packageOf(file.path)}/`)) broken.push(`${file.path}: ${target}`)
    }
  }
  assert.deepEqual(broken, [])
})

test('the pure packages touch neither disk nor network nor processes', () => {
  const broken: string[] = []
  for (const file of shippedFiles().filter((file) => purePackages.includes(packageOf(file.path)))) {
    for (const { target } of importsOf(file)) if (impureModules.test(target)) broken.push(`${file.path}: ${target}`)
    if (/\b(Date\.now|new Date\(\)|Math\.random|process\.env|performance\.now)\b/.test(file.text)) {
      broken.push(`${file.path}: reads the clock, chance or the environment`)
    }
  }
  assert.deepEqual(broken, [])
})

test('testkit is never shipped', () => {
  const users = shippedFiles().filter((file) => importsOf(file).some(({ target }) => target === '@millrace/testkit'))
  assert.deepEqual(
    users.map((file) => file.path),
    [],
  )
})

test('every import of a library stands in the package.json of the package that imports it', () => {
  const broken: string[] = []
  const manifests = new Map<string, ReadonlySet<string>>()
  for (const path of projectFiles().filter((path) => /^packages\/[^/]+\/package\.json$/.test(path))) {
    const manifest: { dependencies?: Record<string, string>; optionalDependencies?: Record<string, string> } =
      JSON.parse(readFileSync(join(root, path), 'utf8'))
    manifests.set(
      packageOf(path),
      new Set([...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.optionalDependencies ?? {})]),
    )
  }
  for (const file of shippedFiles()) {
    for (const { target, typeOnly } of importsOf(file)) {
      if (target.startsWith('.') || target.startsWith('node:')) continue
      const name = target
        .split('/')
        .slice(0, target.startsWith('@') ? 2 : 1)
        .join('/')
      const known = manifests.get(packageOf(file.path))
      if (!known?.has(name) && !(typeOnly && name === '@millrace/kube')) broken.push(`${file.path}: ${name}`)
    }
  }
  assert.deepEqual(broken, [])
})
