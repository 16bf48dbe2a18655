import assert from 'node:assert/strict'
import test, { after, before, describe } from 'node:test'
import { resources as serving } from '@millrace/api'
import { resources } from '@millrace/kube'
import type { ControllerProcess } from '../deploy/controller-process.ts'
import { account, type Installation, startInstallation, until } from '../deploy/installation.ts'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { inferenceService } from './services.ts'
import { becomesSilent } from './silence.ts'

const loadMax = 60
const loadEveryMs = 50
const changeAfter = 20
/** A lease that is given back is seen at the next look; one that is not, when it is over (15 s) and then looked at. */
const handOverMsMax = { given: 8_000, left: 30_000 }
const hourMs = 3_600_000
const created = 201

describe('two controllers, of which one leads', { skip: kubernetesSkipReason() }, () => {
  let installation: Installation
  let leader: ControllerProcess
  let other: ControllerProcess
  before(async () => {
    installation = await startInstallation({ controllerManager: true })
    await installation.install('default')
    leader = await installation.start()
    await until(
      () => leads(leader),
      () => leader.log,
    )
    other = await installation.start()
  })
  after(() => installation?.close())

  /** Services come all the time; in the midst of it the leader goes. How long nobody led, in ms. */
  const changeUnderLoad = async (round: string, end: () => Promise<void>, withinMs: number): Promise<number> => {
    const { client } = installation.cluster
    const mark = await installation.audit.mark()
    let ending: Promise<number> | undefined
    for (let index = 0; index < loadMax; index++) {
      await client.create(serving.inferenceServices, inferenceService(`${round}-${index}`))
      if (index === changeAfter) ending = handOver(end, withinMs)
      await new Promise((resolve) => setTimeout(resolve, loadEveryMs))
    }
    const tookMs = (await ending) ?? 0
    await until(
      async () => (await deploymentsOf(round)).length === loadMax,
      () => other.log,
    )
    await becomesSilent(installation)
    // Nobody's work was done twice.
    const calls = await installation.audit.calls(account, mark)
    const makes = calls.filter(
      ({ objectRef, responseStatus }) => objectRef?.resource === 'deployments' && responseStatus?.code === created,
    )
    assert.equal(makes.length, loadMax)
    return tookMs
  }
  const handOver = async (end: () => Promise<void>, withinMs: number): Promise<number> => {
    const startedAt = performance.now()
    await end()
    await until(
      () => leads(other),
      () => other.log,
      withinMs,
    )
    return performance.now() - startedAt
  }
  const deploymentsOf = async (round: string) => {
    const { items } = await installation.cluster.client.list(resources.deployments, { namespace: 'default' })
    return items.filter(({ metadata }) => metadata.name?.startsWith(`${round}-`))
  }
  const replaceLeader = async (): Promise<void> => {
    leader = other
    other = await installation.start()
  }

  test('SIGTERM: the lease is given back, the other goes on at once, nothing is lost', {
    timeout: 90_000,
  }, async (t) => {
    const end = async () => assert.equal(await leader.close(), '0', leader.log)
    const tookMs = await changeUnderLoad('term', end, handOverMsMax.given)
    t.diagnostic(`${Math.round(tookMs)} ms from SIGTERM to the next leader`)
    await replaceLeader()
  })

  test('SIGKILL: the lease runs out, the other goes on, nothing is lost', { timeout: 120_000 }, async (t) => {
    const tookMs = await changeUnderLoad('kill', () => leader.kill(), handOverMsMax.left)
    t.diagnostic(`${Math.round(tookMs)} ms from SIGKILL to the next leader`)
    await replaceLeader()
  })

  test('clocks that jump take the lead from nobody', async () => {
    const holder = () =>
      installation.cluster.client.get(resources.leases, { namespace: 'kserve', name: 'millrace-controller' })
    const before = Object((await holder())['spec']).holderIdentity
    other.jump(hourMs)
    leader.jump(-hourMs)
    await becomesSilent(installation, 4_000)
    assert.equal(Object((await holder())['spec']).holderIdentity, before)
    assert.ok(!leads(other))
    for (const one of [other, leader]) assert.equal(await one.close(), '0', one.log)
    assert.deepEqual(await installation.audit.refused(account), [])
  })
})

function leads({ log }: ControllerProcess): boolean {
  return /INFO {2}Leading /.test(log)
}
