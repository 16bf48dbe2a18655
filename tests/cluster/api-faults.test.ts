import assert from 'node:assert/strict'
import test, { after, before, describe } from 'node:test'
import { resources as serving } from '@millrace/api'
import { resources } from '@millrace/kube'
import type { Call } from '../deploy/audit.ts'
import type { ControllerProcess } from '../deploy/controller-process.ts'
import { account, type Installation, startInstallation, until } from '../deploy/installation.ts'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { deadWebhookFor, policyAgainst } from './refusing.ts'
import { type Condition, inferenceService } from './services.ts'
import { becomesSilent } from './silence.ts'

const servicesMax = 20
const faultMs = 2_000
const downMs = 2_000
const awayMs = 5_000
/** With back-off from 200 ms on, in twice the time that it waits for. */
const retriesMax = 8
/** Of a write that is refused. */
const triesMin = 5
/** The time until the next try has grown by then. */
const healMsMax = 60_000
const hourMs = 3_600_000

describe('what API servers and networks do to a controller', { skip: kubernetesSkipReason() }, () => {
  let installation: Installation
  let proxy: FaultProxy
  let controller: ControllerProcess
  let pid = 0
  let round = 0
  /** A server that has just started does not know the roles yet, and refuses what it will allow. */
  let backAt = 0
  before(async () => {
    installation = await startInstallation({ controllerManager: true })
    proxy = await startFaultProxy(installation.cluster.kubernetes)
    await installation.install('default')
    controller = await installation.start({ server: proxy })
    pid = controller.pid
    for (let index = 0; index < servicesMax; index++)
      await installation.cluster.client.create(serving.inferenceServices, inferenceService(`s${index}`))
    await converges()
  })
  after(async () => {
    await installation?.close()
    await proxy?.close()
  })
  const log = () => controller.log

  /** What every service is to be, made different each time. */
  const editAll = async (): Promise<void> => {
    round += 1
    const body = { spec: { predictor: { minReplicas: 1, maxReplicas: 2 + round } } }
    for (let index = 0; index < servicesMax; index++)
      await installation.cluster.client.patch(serving.inferenceServices, inDefault(`s${index}`), 'merge', body)
  }
  const isConverged = async (): Promise<boolean> => {
    const { items } = await installation.cluster.client.list(resources.horizontalPodAutoscalers, {
      namespace: 'default',
    })
    const wanted = round === 0 ? undefined : 2 + round
    const right = items.filter(({ spec }) => wanted === undefined || Object(spec).maxReplicas === wanted)
    return right.length === servicesMax
  }
  const converges = () => until(isConverged, log)
  const linesOf = async (during: () => Promise<void>): Promise<readonly string[]> => {
    const before = controller.log.length
    await during()
    return controller.log.slice(before).split('\n')
  }
  const meanwhile = async (faultOf: FaultProxy['faultOf']): Promise<number> => {
    const before = proxy.faults
    proxy.faultOf = faultOf
    await editAll()
    await new Promise((resolve) => setTimeout(resolve, faultMs))
    proxy.faultOf = () => undefined
    return proxy.faults - before
  }

  for (const [what, fault, least] of [
    ['409 to every write', { status: 409 }, servicesMax],
    ['429 with Retry-After to every second call', { status: 429, retryAfterSeconds: 1 }, 3],
    ['500 to every call', { status: 500 }, servicesMax],
    ['answers that get lost after the write', 'lose the answer', servicesMax],
  ] as const satisfies readonly (readonly [string, Fault, number])[]) {
    test(`${what}: it tries again in its own time, converges, and is silent`, { timeout: 90_000 }, async (t) => {
      let calls = 0
      const lines = await linesOf(async () => {
        const met = await meanwhile(({ method, isWatch }) => {
          if (isWatch || (method === 'GET' && fault !== 'lose the answer')) return undefined
          if (fault === 'lose the answer') return method === 'GET' ? undefined : fault
          calls += 1
          return fault.status === 429 && calls % 2 === 0 ? undefined : fault
        })
        assert.ok(met >= least, `${met} faults`)
        assert.ok(met < 2_000, `${met} calls in ${faultMs} ms: it does not wait`)
        t.diagnostic(`${met} calls met the fault`)
        await converges()
      })
      assert.ok(lines.length < 40 * servicesMax, `${lines.length} lines`)
      await becomesSilent(installation)
    })
  }

  test('watches that are cut go on where they were: nothing is missed, nothing is read again', async () => {
    const mark = await installation.audit.mark()
    for (let cut = 0; cut < 3; cut++) {
      assert.ok(proxy.cutWatches() > 10)
      await editAll()
      await converges()
    }
    const calls = await installation.audit.calls(account, mark)
    assert.deepEqual(
      calls.filter(readsAll).map(({ requestURI }) => requestURI),
      [],
    )
    await becomesSilent(installation)
  })

  for (const [what, standing, reason, words] of [
    ['a policy refuses', policyAgainst, 'DeploymentRefused', 'ask the platform team'],
    ['a webhook that is away keeps from being made', deadWebhookFor, 'InternalError', 'failed calling webhook'],
  ] as const) {
    test(`a child that ${what} is told with the server's words, once; it heals by itself`, {
      timeout: 90_000,
    }, async () => {
      const { client } = installation.cluster
      const namespace = reason.toLowerCase()
      await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
      const refusing = standing(installation.cluster, namespace, words)
      await refusing.begin()
      const mark = await installation.audit.mark()
      const service = inferenceService('iris')
      await client.create(serving.inferenceServices, { ...service, metadata: { ...service.metadata, namespace } })
      const told = async (): Promise<readonly Condition[]> => {
        const live = await client.get(serving.inferenceServices, { namespace, name: 'iris' })
        const conditions: readonly Condition[] = Object(live['status']).conditions ?? []
        return conditions.filter((condition) => condition.reason === reason)
      }
      const tries = async () => {
        const calls = await installation.audit.calls(account, mark)
        return calls.filter(
          ({ objectRef, verb }) =>
            objectRef?.name === 'iris-predictor' && objectRef.resource === 'deployments' && verb === 'patch',
        )
      }
      await until(async () => (await told()).length > 0 && (await tries()).length > triesMin, log)
      for (const { status, message } of await told()) {
        assert.equal(status, 'False')
        assert.match(message ?? '', new RegExp(`^Deployment iris-predictor could not be written: .*${words}`))
      }
      assert.deepEqual(
        (await told()).map(({ type }) => type),
        ['PredictorReady', 'Ready'],
      )
      const { items } = await client.list(resources.events, { namespace })
      const warnings = items.filter(
        (event) => event['type'] === 'Warning' && Object(event['involvedObject']).kind === 'InferenceService',
      )
      assert.deepEqual(
        warnings.map((event) => [event['reason'], event['count']]),
        [[reason, 1]],
      )
      await refusing.end()
      await until(async () => (await told()).length === 0, log, healMsMax)
      assert.ok(await client.get(resources.deployments, { namespace, name: 'iris-predictor' }))
      await becomesSilent(installation)
    })
  }

  test('the API server goes in the midst of work and comes back: what was missed is done', {
    timeout: 90_000,
  }, async (t) => {
    const { kubernetes } = installation.cluster
    assert.deepEqual(await installation.audit.refused(account), [])
    const lines = await linesOf(async () => {
      await editAll()
      await kubernetes.stopApiServer()
      await new Promise((resolve) => setTimeout(resolve, downMs))
      assert.equal(controller.ended, undefined, log())
      assert.equal(await controller.health('/healthz'), 200, 'a restart would not bring the server back')
      await kubernetes.startApiServer()
      const startedAt = performance.now()
      await editAll()
      await converges()
      t.diagnostic(`${Math.round(performance.now() - startedAt)} ms from the server's return to everything done`)
    })
    assert.ok(lines.length < 400, `${lines.length} lines:\n${lines.slice(0, 40).join('\n')}`)
    await until(async () => (await controller.health('/readyz')) === 200, log)
    await becomesSilent(installation)
    backAt = await installation.audit.mark()
  })

  test('the clock jumps an hour ahead and two back: nothing is done for it, and work goes on', async () => {
    for (const byMs of [hourMs, -2 * hourMs, hourMs]) {
      controller.jump(byMs)
      await becomesSilent(installation)
      await editAll()
      await converges()
      assert.equal(await controller.health('/healthz'), 200)
    }
  })

  test('then it is silent; the process is the one that was started, and ends in order', async () => {
    await becomesSilent(installation, 5_000)
    assert.equal(controller.pid, pid)
    assert.doesNotMatch(controller.log, /\n\s+at |bug/i)
    assert.equal(await controller.close(), '0', log())
    assert.deepEqual(await installation.audit.refused(account, backAt), [])
  })

  test('started while there is no API server it stays, says what it waits for, and works when there is one', {
    timeout: 90_000,
  }, async () => {
    const { kubernetes, client } = installation.cluster
    await client.delete(resources.horizontalPodAutoscalers, inDefault('s0-predictor'))
    controller = await installation.start({ beforeStart: () => kubernetes.stopApiServer(), until: 'alive' })
    await new Promise((resolve) => setTimeout(resolve, awayMs))
    assert.equal(controller.ended, undefined, log())
    assert.equal(await controller.health('/healthz'), 200)
    assert.equal(await controller.health('/readyz'), 503)
    assert.match(
      log(),
      /The cluster does not tell what it serves .*no connection to the API server \(connect ECONNREFUSED/,
    )
    assertFewLines(log())
    await kubernetes.startApiServer()
    await until(async () => (await controller.health('/readyz')) === 200, log)
    await converges()
    await becomesSilent(installation)
    assert.equal(await controller.close(), '0', log())
  })

  test('where it does not trust the API server it says so and what to check, and ends in order when told', async () => {
    const { url } = installation.cluster.kubernetes
    controller = await installation.start({ server: { url, ca: proxy.ca }, until: 'alive' })
    await until(
      () => /certificate is not trusted \(.*; check certificate-authority and the server's address/.test(log()),
      log,
    )
    await new Promise((resolve) => setTimeout(resolve, awayMs))
    assert.equal(await controller.health('/healthz'), 200)
    assert.equal(await controller.health('/readyz'), 503)
    assertFewLines(log())
    assert.equal(await controller.close(), '0', log())
  })
})

/** What is tried again, later each time, is told as often; what is followed, once each. */
function assertFewLines(log: string): void {
  const told = new Map<string, number>()
  for (const line of log.split('\n')) {
    const what = line.replace(/^\S+ /, '').slice(0, 40)
    told.set(what, (told.get(what) ?? 0) + 1)
  }
  for (const [what, times] of told) assert.ok(times <= retriesMax, `${times} times: ${what}\n${log}`)
}

/** A list, as such or as a stream that begins. */
function readsAll({ verb, requestURI, stage }: Call): boolean {
  return verb === 'list' || (stage === 'ResponseStarted' && requestURI.includes('sendInitialEvents=true'))
}

const inDefault = (name: string) => ({ namespace: 'default', name })
