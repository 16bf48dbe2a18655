import assert from 'node:assert/strict'
import test, { after, before, describe } from 'node:test'
import { resources as serving } from '@millrace/api'
import { type KubeObject, resources } from '@millrace/kube'
import type { ControllerProcess } from '../deploy/controller-process.ts'
import { account, type Installation, startInstallation, until } from '../deploy/installation.ts'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { configureWith } from './configuration.ts'
import { type PodStandIn, startPodStandIn } from './pod-stand-in.ts'
import { changeRolledOut, type Moment, type RolloutHistory, startRolloutHistory } from './rollout-history.ts'
import { conditionsOf, inferenceService } from './services.ts'
import { becomesSilent } from './silence.ts'

const names = ['s0', 's1', 's2', 's3', 's4', 's5']
const atOnce = 2
const longMs = 600_000
const deadlineMs = 6_000
/** A lease that is not given back is over after 15 s; who waits for it looks now and then. */
const handOverMsMax = 60_000
const rolloutMsMax = 60_000

describe('a change that replaces the pods of all, on Deployments of Kubernetes’ own controllers', {
  skip: kubernetesSkipReason(),
}, () => {
  let installation: Installation
  let pods: PodStandIn
  let history: RolloutHistory
  let leader: ControllerProcess
  before(async () => {
    installation = await startInstallation({ controllerManager: true })
    pods = startPodStandIn(client())
    await installation.install('default')
    // It says with which image models are fetched: without it the configuration does.
    await installation.cluster.kubectl(['delete', 'clusterstoragecontainers', '--all'])
    await waves(longMs)
    leader = await installation.start()
    history = await startRolloutHistory(client())
    for (const name of names) await client().create(serving.inferenceServices, inferenceService(name))
    await until(allReady, log)
    await becomesSilent(installation)
  })
  after(async () => {
    await history?.close()
    await pods?.close()
    await installation?.close()
  })
  const client = () => installation.cluster.client
  const log = () => leader.log
  const waves = (deadline: number) =>
    configureWith(installation.cluster, 'rolloutWaves', { services: atOnce, deadlineSeconds: deadline / 1000 })
  const change = (image: string) => configureWith(installation.cluster, 'storageInitializer', { image })
  const now = (): Moment => history.moments().at(-1) ?? nothing
  const allReady = async (): Promise<boolean> => {
    const conditions = await Promise.all(names.map((name) => conditionsOf(client(), name)))
    return conditions.every((one) => one.some(({ type, status }) => type === 'Ready' && status === 'True'))
  }
  const having = (image: string) => names.filter((name) => now().images[name] === image)
  /** All have the image, all their pods are new ones, and nothing says otherwise. */
  const isOver = (image: string) => {
    const { marked, rolling } = now()
    return having(image).length === names.length && marked.length === 0 && rolling.length === 0
  }

  test('never more than the bound are on their way, and each says so from before its first pod until after its last', async () => {
    const since = history.length
    await change('mine/init:1')
    await until(() => isOver('mine/init:1'), log, rolloutMsMax)
    const moments = history.moments(since)
    assertBounded(moments)
    assert.ok(moments.some(({ rolling }) => rolling.length === atOnce))
    assertTold(moments)
    for (const name of names) assert.equal(turnsOf(moments, name).length, 1, `${name} is told once`)
    await becomesSilent(installation)
  })

  test('who does not become ready holds its turn until its deadline, and no longer', { timeout: 120_000 }, async () => {
    await waves(deadlineMs)
    await becomesSilent(installation)
    const since = history.length
    const stuck = new Set<string>()
    pods.isHeldBack = (pod) => {
      const service = serviceOf(pod)
      if (stuck.size < atOnce) stuck.add(service)
      return stuck.has(service)
    }
    await change('mine/init:2')
    await until(() => having('mine/init:2').length === names.length && now().marked.length === 0, log, rolloutMsMax)
    const moments = history.moments(since)
    assertBounded(moments)
    assert.equal(stuck.size, atOnce)
    for (const name of stuck) {
      const [turn] = turnsOf(moments, name)
      assert.ok(turn && turn.endMs - turn.beginMs > deadlineMs - 1_000, `${name}: ${JSON.stringify(turn)}`)
    }
    // As long as they hold both turns, nobody else's pods are touched.
    for (const { marked, rolling } of moments)
      if (marked.filter((name) => stuck.has(name)).length === atOnce)
        assert.deepEqual(
          rolling.filter((name) => !stuck.has(name)),
          [],
        )
    assert.ok(await allReady(), 'their earlier pods serve')
    pods.release()
    await until(() => isOver('mine/init:2'), log)
    for (const name of names) assert.equal(turnsOf(history.moments(since), name).length, 1, `${name} has one turn`)
    await waves(longMs)
    await becomesSilent(installation)
  })

  test('a leader that is killed in the middle: the next one goes on, neither from the start nor beyond the bound', {
    timeout: 180_000,
  }, async () => {
    const other = await installation.start()
    const since = history.length
    const seen = new Set<string>()
    pods.isHeldBack = (pod) => seen.add(serviceOf(pod)).size > atOnce
    const mark = await installation.audit.mark()
    await change('mine/init:3')
    await until(() => having('mine/init:3').length > atOnce && now().marked.length === atOnce, log)
    await leader.kill()
    leader = other
    await until(() => /INFO {2}Leading /.test(other.log), log, handOverMsMax)
    await becomesSilent(installation)
    assert.equal(now().marked.length, atOnce, 'who was on its way still is')
    pods.release()
    await until(() => isOver('mine/init:3'), log, rolloutMsMax)
    const moments = history.moments(since)
    assertBounded(moments)
    assertTold(moments)
    for (const name of names) assert.equal(turnsOf(moments, name).length, 1, `${name} has one turn`)
    await becomesSilent(installation)
    const calls = await installation.audit.calls(account, mark)
    const applied = calls.filter(({ verb, objectRef }) => verb === 'patch' && objectRef?.resource === 'deployments')
    assert.deepEqual(
      applied.map(({ objectRef }) => objectRef?.name).toSorted(),
      names.map((name) => `${name}-predictor`),
    )
  })

  test('then nothing is written, and no service says that something is under way', async () => {
    await becomesSilent(installation, 4_000)
    for (const name of names)
      assert.ok(!(await conditionsOf(client(), name)).some(({ type }) => type === changeRolledOut), name)
    const { items } = await client().list(resources.pods, { namespace: 'default' })
    assert.equal(items.length, names.length)
    assert.equal(await leader.close(), '0', log())
  })
})

interface Turn {
  readonly beginMs: number
  readonly endMs: number
}

const nothing: Moment = { atMs: 0, marked: [], rolling: [], images: {} }

function assertBounded(moments: readonly Moment[]): void {
  for (const { marked } of moments) assert.ok(marked.length <= atOnce, `${marked.join(', ')} at once`)
}

/** Whoever's pods are being replaced says so. */
function assertTold(moments: readonly Moment[]): void {
  for (const { marked, rolling } of moments)
    assert.deepEqual(
      rolling.filter((name) => !marked.includes(name)),
      [],
      'rolling, and not told',
    )
}

/** From when to when a service said that a change was being rolled out. */
function turnsOf(moments: readonly Moment[], name: string): readonly Turn[] {
  const turns: Turn[] = []
  let beginMs: number | undefined
  for (const { atMs, marked } of moments) {
    const isMarked = marked.includes(name)
    if (isMarked) beginMs ??= atMs
    if (isMarked || beginMs === undefined) continue
    turns.push({ beginMs, endMs: atMs })
    beginMs = undefined
  }
  return turns
}

function serviceOf({ metadata }: KubeObject): string {
  return metadata.labels?.['serving.kserve.io/inferenceservice'] ?? ''
}
