import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient, type KubeObject, loadConnection, resources } from '@millrace/kube'
import { against, type BenchPart, type Figure, median } from '../bench-part.ts'
import type { LoadResult } from '../load.ts'
import { cpuMsOf } from '../process-facts.ts'
import { runLoad } from '../run-load.ts'
import { printed, root, type Session } from '../session.ts'
import { type RunningPlatform, startUp } from '../start-up.ts'

const rounds = 3
const seconds = 1
const connections = 16

/** One question to one model, in one protocol. */
interface Question {
  readonly model: string
  readonly label: string
  readonly path: string
  readonly bodyFile: string
}

/** Requests to model servers, through the gateway and straight to the pod: the quotient is what the hop costs. */
export const modelRequests: BenchPart = {
  name: 'model-requests',
  title: `Requests to models, ${connections} connections kept busy for ${seconds} s, median of ${rounds} rounds`,
  timeoutMs: 120_000,
  run: async (session) => {
    const platform = await startUp(session, session.directory())
    const pods = await podAddresses(platform)
    const questions = writeQuestions(session.directory())
    const bare = await startBareServer(session, questions)
    const runs = new Map<string, LoadResult[]>()
    const gatewayCpuUs: number[] = []
    const keep = (key: string, result: LoadResult) => runs.set(key, [...(runs.get(key) ?? []), result])
    for (let round = 0; round < rounds; round++) {
      for (const question of questions) {
        const { path, bodyFile, label, model } = question
        const pod = `http://${pods.get(model)}:8080`
        const load = { path, bodyFile, connections, seconds }
        const gateway = { ...load, origin: platform.gatewayUrl, host: `${model}-default.example.com` }
        keep(`${label} direct`, await runLoad(session, { ...load, origin: pod, host: new URL(pod).host }))
        const before = cpuMsOf(platform.pid)
        const through = await runLoad(session, gateway)
        gatewayCpuUs.push(((cpuMsOf(platform.pid) - before) * 1000) / through.sent)
        keep(`${label} gateway`, through)
      }
      const first = questions[0]
      if (!first) throw new Error('there are no questions')
      const one = { path: first.path, bodyFile: first.bodyFile, connections: 1, seconds }
      const pod = `http://${pods.get(first.model)}:8080`
      keep('one direct', await runLoad(session, { ...one, origin: pod, host: new URL(pod).host }))
      const host = `${first.model}-default.example.com`
      keep('one gateway', await runLoad(session, { ...one, origin: platform.gatewayUrl, host }))
      keep('bare', await runLoad(session, { ...one, connections, origin: bare, host: 'bare' }))
    }
    const middle = (key: string, of: (result: LoadResult) => number): number => median((runs.get(key) ?? []).map(of))
    const rate = (result: LoadResult): number => result.requestsPerSecond
    const p50 = (result: LoadResult): number => result.p50Ms
    const p99 = (result: LoadResult): number => result.p99Ms
    const bareRate = middle('bare', rate)
    return [
      ...questions.flatMap(({ label }): Figure[] => {
        const direct = `${label} direct`
        const gateway = `${label} gateway`
        return [
          against(direct, middle(direct, rate), 'requests/s', bareRate, 'bare node:http server'),
          { name: `${direct}: p50`, value: middle(direct, p50), unit: 'ms' },
          { name: `${direct}: p99`, value: middle(direct, p99), unit: 'ms' },
          against(gateway, middle(gateway, rate), 'requests/s', middle(direct, rate), 'direct'),
          against(`${gateway}: p50`, middle(gateway, p50), 'ms', middle(direct, p50), 'direct'),
          against(`${gateway}: p99`, middle(gateway, p99), 'ms', middle(direct, p99), 'direct'),
        ]
      }),
      { name: 'gateway: CPU for one request', value: median(gatewayCpuUs), unit: 'µs' },
      { name: 'one connection, direct: p50', value: middle('one direct', p50), unit: 'ms' },
      against('one connection, gateway: p50', middle('one gateway', p50), 'ms', middle('one direct', p50), 'direct'),
      { name: 'bare node:http server', value: bareRate, unit: 'requests/s' },
    ]
  },
}

/** Pod IP by InferenceService. */
async function podAddresses(platform: RunningPlatform): Promise<ReadonlyMap<string, string>> {
  const client = createClient(await loadConnection({ kubeconfig: platform.kubeconfig, env: {} }))
  const { items } = await client.list<KubeObject & { status?: { readonly podIP?: string } }>(resources.pods)
  await client.close()
  return new Map(
    items.map((pod) => [pod.metadata.labels?.['serving.kserve.io/inferenceservice'] ?? '', pod.status?.podIP ?? '']),
  )
}

/** The same rows in both protocols: three flowers for XGBoost, three images of 64 pixels for ONNX. */
function writeQuestions(directory: string): readonly Question[] {
  const digits = JSON.parse(readFileSync(join(root, 'examples', 'onnx-digits-input.json'), 'utf8')) as {
    readonly inputs: readonly [{ readonly data: readonly number[] }]
  }
  const images = [0, 64, 128].map((start) => digits.inputs[0].data.slice(start, start + 64))
  const flowers = [
    [6.8, 2.8, 4.8, 1.4],
    [5.1, 3.5, 1.4, 0.2],
    [6.3, 3.3, 6.0, 2.5],
  ]
  const v1 = (model: string, rows: readonly (readonly number[])[]): Question => {
    const bodyFile = join(directory, `${model}-v1.json`)
    writeFileSync(bodyFile, JSON.stringify({ instances: rows }))
    return { model, label: `${model} V1`, path: `/v1/models/${model}:predict`, bodyFile }
  }
  const v2 = (model: string, input: string, rows: readonly (readonly number[])[]): Question => {
    const bodyFile = join(directory, `${model}-v2.json`)
    const shape = [rows.length, rows[0]?.length ?? 0]
    writeFileSync(bodyFile, JSON.stringify({ inputs: [{ name: input, shape, datatype: 'FP32', data: rows.flat() }] }))
    return { model, label: `${model} V2`, path: `/v2/models/${model}/infer`, bodyFile }
  }
  return [
    v1('xgboost-iris', flowers),
    v2('xgboost-iris', 'input-0', flowers),
    v1('onnx-digits', images),
    v2('onnx-digits', 'X', images),
  ]
}

/** A server without a model, for the same question: its URL. */
async function startBareServer(session: Session, questions: readonly Question[]): Promise<string> {
  const child = session.startFile('bench/bare-server.ts', [questions[0]?.bodyFile ?? ''])
  const [, port] = await printed(child, /port (\d+)/, session.signal)
  return `http://127.0.0.1:${port}`
}
