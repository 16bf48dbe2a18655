import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Agent, request } from 'undici'
import { eventually, millrace, type PlatformProcess } from './platform-process.ts'

const manifest = (model: string, format: string): string => `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: rolling }
spec:
  predictor:
    model:
      modelFormat: { name: ${format} }
      storageUri: file://examples/models/${model}
`

const apply = (platform: PlatformProcess, model: string, format: string) =>
  millrace(['apply', '-f', '-', '--kubeconfig', platform.kubeconfig], { input: manifest(model, format) })

/** How many pods serve, and what they answer: a model of another library answers in another shape. */
async function predictOnce(
  platform: PlatformProcess,
  agent: Agent,
): Promise<{ readonly status: number; readonly text: string }> {
  const { statusCode, body } = await request(`${platform.gatewayUrl}/v1/models/rolling:predict`, {
    method: 'POST',
    dispatcher: agent,
    headers: { host: 'rolling-default.example.com', 'content-type': 'application/json' },
    body: '{"instances": [[6.8, 2.8, 4.8, 1.4]]}',
  })
  return { status: statusCode, text: await body.text() }
}

/** What happens to callers of a service that is edited, whichever API server it is on. */
export function testRollout(platform: () => PlatformProcess): void {
  test('editing a service rolls to the new model with no failed request under load', { timeout: 120_000 }, async () => {
    const applied = await apply(platform(), 'sklearn-iris', 'sklearn')
    assert.equal(applied.code, 0, applied.stderr)
    const agent = new Agent({ connections: 16 })
    await eventually(async () => (await predictOnce(platform(), agent)).status === 200, 'the first version answers')
    const failures: string[] = []
    const answers = new Set<string>()
    let requests = 0
    let isDone = false
    const client = async (): Promise<void> => {
      while (!isDone) {
        try {
          const answer = await predictOnce(platform(), agent)
          if (answer.status === 200) answers.add(answer.text)
          else failures.push(`${answer.status}: ${answer.text}`)
        } catch (error) {
          failures.push(String(error))
        }
        requests++
      }
    }
    const load = Array.from({ length: 8 }, client)
    for (const [model, format] of [
      ['xgboost-iris', 'xgboost'],
      ['sklearn-iris', 'sklearn'],
    ] as const) {
      const before = answers.size
      answers.clear()
      const rolled = await apply(platform(), model, format)
      assert.equal(rolled.code, 0, rolled.stderr)
      await eventually(
        async () => {
          const { text } = await predictOnce(platform(), agent)
          return text.includes('[[') === (format === 'xgboost')
        },
        `${format} answers (${before} kinds of answer before)`,
        40_000,
      )
      // The old pods get their time to finish while the load goes on.
      await eventually(
        async () => {
          const { stdout } = await platform().run(
            'get',
            'pods',
            '-l',
            'serving.kserve.io/inferenceservice=rolling',
            '-o',
            'json',
          )
          return JSON.parse(stdout).items.length === 1
        },
        'one pod is left',
        40_000,
      )
    }
    isDone = true
    await Promise.all(load)
    await agent.close()
    assert.deepEqual(failures.slice(0, 5), [])
    assert.ok(requests > 100, `${requests} requests`)
  })

  test('a new version that does not load leaves the old one serving, and says why', { timeout: 120_000 }, async () => {
    const agent = new Agent()
    await eventually(async () => (await predictOnce(platform(), agent)).status === 200, 'the service answers')
    const applied = await apply(platform(), 'does-not-exist', 'sklearn')
    assert.equal(applied.code, 0, applied.stderr)
    await eventually(
      async () => {
        const { stdout } = await platform().run('explain', 'rolling')
        return stdout.includes('does-not-exist')
      },
      'explain names the missing model',
      60_000,
    )
    assert.equal((await predictOnce(platform(), agent)).status, 200)
    await apply(platform(), 'sklearn-iris', 'sklearn')
    await eventually(
      async () => (await platform().run('explain', 'rolling')).stdout.includes('is ready'),
      'it heals',
      60_000,
    )
    await agent.close()
  })
}
