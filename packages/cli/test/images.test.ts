import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import test from 'node:test'
import { createImageResolver, localRepositories, repositoryOf } from '../src/images.ts'

for (const [image, repository] of [
  ['kserve/sklearnserver', 'kserve/sklearnserver'],
  ['kserve/sklearnserver:v0.20.0', 'kserve/sklearnserver'],
  ['docker.io/kserve/sklearnserver:latest', 'kserve/sklearnserver'],
  ['localhost/kserve/xgbserver', 'kserve/xgbserver'],
  ['registry.local:5000/kserve/lgbserver:1@sha256:0123', 'kserve/lgbserver'],
  ['nginx', 'nginx'],
  ['', ''],
] as const) {
  test(`the repository of "${image}" is "${repository}"`, () => assert.equal(repositoryOf(image), repository))
}

test('every image of the table names a program that is there', () => {
  const resolve = createImageResolver({ filesRoot: '/srv' })
  for (const repository of localRepositories) {
    const program = resolve(`${repository}:latest`)
    assert.ok(program, repository)
    assert.ok(
      program.command.some((part) => part.endsWith('main.ts') && existsSync(part)),
      repository,
    )
    assert.equal(program.workingDirectory, '/srv')
  }
  assert.equal(resolve('nginx'), undefined)
})
