import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { resources as serving } from '@millrace/api'
import { type Client, isKubeError, type KubeObject, silentLog } from '@millrace/kube'
import { childKinds } from '@millrace/render'
import { bootstrap } from '../../packages/cli/src/platform/bootstrap.ts'
import { type BenchPart, median } from '../bench-part.ts'
import type { ControllerUse } from '../counted-controller.ts'
import { printed } from '../session.ts'
import { startApiServer } from '../start-api-server.ts'

const rounds = 3
const services = 100
const inFlight = 16
const lookEveryMs = 50
/** So long without a call, and the controller is done. */
const quietMs = 1000

/** InferenceServices written at once: how long until the API server has every child, and what that took. */
export const controllerThroughput: BenchPart = {
  name: 'controller-throughput',
  title: `Controller: ${services} new InferenceServices, median of ${rounds} rounds`,
  timeoutMs: 90_000,
  run: async (session) => {
    const server = await startApiServer(session)
    const client = await server.connect(inFlight)
    await bootstrap(client, { log: silentLog, signal: session.signal })
    const child = session.startFile('bench/counted-controller.ts', [server.kubeconfig], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    await printed(child, /ready/, session.signal)
    await client.create(serving.inferenceServices, service('warm-up'))
    await untilQuiet(child)
    const childrenOfOne = await countChildren(client)
    const found: { perSecond: number; cpuMs: number; calls: number; writes: number }[] = []
    let made = 0
    for (let round = 0; round < rounds; round++) {
      const before = await useOf(child)
      const expected = (await countChildren(client)) + childrenOfOne * services
      const startedMs = performance.now()
      await createServices(client, () => `bench-${made++}`)
      while ((await countChildren(client)) < expected) await sleep(lookEveryMs, undefined, { signal: session.signal })
      const seconds = (performance.now() - startedMs) / 1000
      const after = await untilQuiet(child)
      found.push({
        perSecond: services / seconds,
        cpuMs: (after.cpuMs - before.cpuMs) / services,
        calls: (total(after) - total(before)) / services,
        writes: (total(after, writeVerbs) - total(before, writeVerbs)) / services,
      })
    }
    child.disconnect()
    await Promise.all([once(child, 'exit'), client.close()])
    return [
      {
        name: `services a second, until all ${childrenOfOne} children of each exist`,
        value: median(found.map((one) => one.perSecond)),
        unit: 'services/s',
      },
      { name: 'CPU of the controller for one service', value: median(found.map((one) => one.cpuMs)), unit: 'ms' },
      { name: 'API calls for one service', value: median(found.map((one) => one.calls)), unit: 'calls' },
      { name: 'of these, writes', value: median(found.map((one) => one.writes)), unit: 'calls' },
    ]
  },
}

const writeVerbs: readonly string[] = ['create', 'replace', 'patch', 'apply', 'delete']

function total({ calls }: ControllerUse, verbs: readonly string[] = Object.keys(calls)): number {
  return verbs.reduce((sum, verb) => sum + (calls[verb] ?? 0), 0)
}

async function useOf(child: ChildProcess): Promise<ControllerUse> {
  const answer = once(child, 'message')
  child.send('use')
  const [use] = (await answer) as [ControllerUse]
  return use
}

async function untilQuiet(child: ChildProcess): Promise<ControllerUse> {
  for (let before = await useOf(child); ; ) {
    await sleep(quietMs)
    const now = await useOf(child)
    if (total(now) === total(before)) return now
    before = now
  }
}

async function createServices(client: Client, nextName: () => string): Promise<void> {
  let left = services
  const worker = async (): Promise<void> => {
    while (left-- > 0) await client.create(serving.inferenceServices, service(nextName()))
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}

/** Of every kind that the API server knows. */
async function countChildren(client: Client): Promise<number> {
  const counts = await Promise.all(
    childKinds.map(async (kind) => {
      try {
        const { items } = await client.list(kind, { namespace: 'default', metadataOnly: true })
        return items.filter(({ metadata }) => metadata.ownerReferences?.some(({ kind }) => kind === 'InferenceService'))
          .length
      } catch (error) {
        if (isKubeError(error, 'NotFound')) return 0
        throw error
      }
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

function service(name: string): KubeObject & { readonly spec: object } {
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { namespace: 'default', name },
    spec: { predictor: { model: { modelFormat: { name: 'xgboost' }, storageUri: 'https://example.com/model.json' } } },
  }
}
