import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import test from 'node:test'
import { createImageResolver, localRepositories, repositoryOf } from '../src/images.ts'
import { parseImage } from '../src/parse-image.ts'

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
    assert.ok(program && 'command' in program, repository)
    assert.ok(
      program.command.some((part) => part.endsWith('main.ts') && existsSync(part)),
      repository,
    )
    assert.equal(program.workingDirectory, '/srv')
  }
})

test('an image that nothing stands for says what to do', () => {
  const resolve = createImageResolver({ filesRoot: '/srv' })
  const said = (image: string) => {
    const answer = resolve(image)
    return answer && 'missing' in answer ? answer.missing : undefined
  }
  assert.match(said('registry.local/me/model:3') ?? '', /"registry.local\/me\/model:3".*--image me\/model=PROGRAM/)
  assert.match(said('kserve/router:v0.20.0') ?? '', /^an InferenceGraph is routed by/)
  assert.match(said('') ?? '', /names no image/)
})

test('the user says which program stands for an image, with or without registry and tag', () => {
  const programs = parseImage("other:2='my server' --port 1", parseImage('me/model=python3 "my model.py"'))
  const resolve = createImageResolver({ filesRoot: '/srv', programs, workingDirectory: '/home/me' })
  const mine = { command: ['python3', 'my model.py'], workingDirectory: '/home/me' }
  assert.deepEqual(resolve('docker.io/me/model:1'), mine)
  assert.deepEqual(resolve('other:2'), { command: ['my server', '--port', '1'], workingDirectory: '/home/me' })
  assert.deepEqual(resolve('node:24'), { command: [process.execPath], workingDirectory: '/home/me' })
  for (const wrong of ['', 'me/model', '=python3', 'me/model=']) assert.throws(() => parseImage(wrong), /IMAGE=PROGRAM/)
})
