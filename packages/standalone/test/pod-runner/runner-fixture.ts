import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type KubeObject, resources } from '@millrace/kube'
import { podRunnerTiming } from '../../src/pod-runner/pod-runner-timing.ts'
import { startPodRunner } from '../../src/pod-runner/start-pod-runner.ts'
import type { PodRunner, PodRunnerOptions } from '../../src/pod-runner/pod-runner.ts'
import type { Pod, PodSpec, PodStatus } from '../../src/pod-runner/pod.ts'
import { eventually } from '../eventually.ts'
import { type FakeCluster, fakeCluster } from '../fake-cluster.ts'

const programs = join(import.meta.dirname, '../testdata/programs')

/** Waits that a test can sit out. */
export const quickTiming = {
  ...podRunnerTiming,
  restartBackOff: { firstMs: 300, maxMs: 600, resetAfterMs: 60_000 },
  retry: { firstMs: 50, maxMs: 100 },
  memoryCheckMs: 50,
  drainSettleMs: 20,
}

export interface Fixture {
  readonly cluster: FakeCluster
  readonly dataDir: string
  readonly runner: () => PodRunner
  start(options?: Partial<PodRunnerOptions>): Promise<PodRunner>
  stop(): Promise<void>
  run(name: string, spec: Partial<PodSpec> & Pick<PodSpec, 'containers'>, metadata?: KubeObject['metadata']): void
  pod(name: string): Pod | undefined
  /** Waits until the pod's status is as asked. */
  status(name: string, what: string, test: (status: PodStatus) => boolean | undefined): Promise<PodStatus>
  logs(pod: string, container: string, query?: string): Promise<{ status: number; text: string }>
}

/** A pod runner on an empty cluster. `sh` runs /bin/sh, `server` the test server; nothing else is an image. */
export async function podRunnerFixture(t: TestContext, options: Partial<PodRunnerOptions> = {}): Promise<Fixture> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pod-runner-'))
  const cluster = fakeCluster()
  let runner: PodRunner | undefined
  const token = 'test-token'
  const fixture: Fixture = {
    cluster,
    dataDir,
    runner() {
      if (!runner) throw new Error('the runner is not running')
      return runner
    },
    async start(more = {}) {
      runner = await startPodRunner(cluster.client, {
        dataDir,
        kubeletToken: token,
        timing: quickTiming,
        resolveImage: (image) => {
          if (image === 'sh') return { command: ['/bin/sh'] }
          if (image === 'grpc') return { command: [process.execPath, join(programs, 'grpc-health.mjs')] }
          if (image === 'server') return { command: [process.execPath, join(programs, 'server.mjs')] }
          return undefined
        },
        ...options,
        ...more,
      })
      return runner
    },
    async stop() {
      await runner?.close()
      runner = undefined
    },
    run(name, spec, metadata = {}) {
      cluster.put(resources.pods, { metadata: { name, ...metadata }, spec })
    },
    pod: (name) => cluster.find<Pod>(resources.pods, 'default', name),
    status: (name, what, test) =>
      eventually(`${name}: ${what}`, () => {
        const status = fixture.pod(name)?.status
        return status && test(status) ? status : undefined
      }).catch((error: Error) => {
        throw new Error(`${error.message}; it is ${JSON.stringify(fixture.pod(name)?.status, undefined, 1)}`)
      }),
    async logs(pod, container, query = '') {
      const url = `http://127.0.0.1:${fixture.runner().kubeletPort}/containerLogs/default/${pod}/${container}?${query}`
      const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
      return { status: answer.status, text: await answer.text() }
    },
  }
  t.after(async () => {
    await fixture.stop()
    await rm(dataDir, { recursive: true, force: true })
  })
  await fixture.start()
  return fixture
}

/** `sleep` and `cat` are on every machine, though not always where this process looks for programs. */
const withSystemPrograms = 'PATH="$PATH:/usr/bin:/bin";'

export function sh(name: string, script: string) {
  return { name, image: 'sh', args: ['-c', `${withSystemPrograms} ${script}`] }
}

export function isReady(status: PodStatus): boolean {
  return status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
}
