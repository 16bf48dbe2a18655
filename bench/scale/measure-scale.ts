import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient, resources } from '@millrace/kube'
import { startKubernetes } from '../../tests/kubernetes/start-kubernetes.ts'
import type { Session } from '../session.ts'
import { type ApiRequests, isWrite, readApiRequests, requestsSince } from './api-requests.ts'
import type { ControllerProgram, RunningController } from './controller-program.ts'
import {
  benchNamespace,
  childrenOf,
  createServices,
  installKnativeStandIn,
  type Mode,
  plainCreatesPerSecond,
  untilAllChildren,
} from './many-services.ts'
import { type ProcessUse, processUse } from './process-use.ts'

export interface ScaleSetup {
  readonly mode: Mode
  readonly services: number
  readonly controller: ControllerProgram
  /** CRDs, configuration, runtimes. */
  readonly install: (client: Client) => Promise<void>
  /** Alters the configuration such that every child is to be written anew. Absent: not measured. */
  readonly changeAll?: (client: Client) => Promise<void>
}

export interface ScaleResult {
  readonly plainCreatesPerSecond: number
  readonly creation: {
    /** Until every service has its children. */
    readonly seconds: number
    /** Until as many statuses were written as there are services. */
    readonly statusSeconds: number
    readonly controller: ProcessUse
    readonly idleRssBytes: number
    readonly apiServerCpuMs: number
    readonly etcdCpuMs: number
    /** Requests, those of the bench itself left out. */
    readonly requests: readonly (readonly [string, number])[]
  }
  readonly restart: { readonly seconds: number; readonly writes: number; readonly controller: ProcessUse }
  readonly change?: { readonly seconds: number; readonly cpuMs: number; readonly rssPeakBytes: number }
}

const plainCreates = 2000
/** The metrics of an API server are a large page. */
const statusLookEveryMs = 500
const quietMs = 1000
/** An idle controller uses less than this in that time. */
const quietCpuMs = 30

/** A real API server, a controller beside it, and many services at once. */
export async function measureScale(session: Session, setup: ScaleSetup): Promise<ScaleResult> {
  const { mode, services } = setup
  const kubernetes = await session.keep(startKubernetes())
  const [etcdPid = 0, apiServerPid = 0] = kubernetes.pids
  const client = createClient(kubernetes.connection)
  await setup.install(client)
  if (mode === 'Knative') await installKnativeStandIn(client)
  await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: benchNamespace } })
  const plain = await plainCreatesPerSecond(client, plainCreates)

  const first = await setup.controller(session, kubernetes.kubeconfig)
  await untilQuiet(first, session.signal)
  const before = {
    use: processUse(first.pid),
    requests: await readApiRequests(client),
    apiServer: processUse(apiServerPid),
    etcd: processUse(etcdPid),
  }
  const startedMs = performance.now()
  await createServices(client, mode, services)
  await untilAllChildren(client, mode, services, session.signal)
  const seconds = (performance.now() - startedMs) / 1000
  await untilStatuses(client, before.requests, services, session.signal)
  const statusSeconds = (performance.now() - startedMs) / 1000
  const used = await untilQuiet(first, session.signal)
  const requests = requestsSince(before.requests, await readApiRequests(client))
  const creation = {
    seconds,
    statusSeconds,
    controller: useSince(before.use, used),
    idleRssBytes: before.use.rssBytes,
    apiServerCpuMs: processUse(apiServerPid).cpuMs - before.apiServer.cpuMs,
    etcdCpuMs: processUse(etcdPid).cpuMs - before.etcd.cpuMs,
    requests: requests.filter(([name]) => !isOfBench(name)),
  }
  await first.stop()

  const requestsBefore = await readApiRequests(client)
  const second = await setup.controller(session, kubernetes.kubeconfig)
  const restartUse = await untilQuiet(second, session.signal)
  const restartRequests = requestsSince(requestsBefore, await readApiRequests(client))
  const isOfServices = (name: string) => /inferenceservices|^\w+ (?:services|deployments|horizontal)/.test(name)
  const restart = {
    seconds: second.startSeconds,
    controller: restartUse,
    writes: restartRequests.reduce(
      (sum, [name, count]) => (isWrite(name) && isOfServices(name) ? sum + count : sum),
      0,
    ),
  }
  const change = setup.changeAll && (await measureChange(client, second, setup, setup.changeAll, session.signal))
  await second.stop()
  await client.close()
  return { plainCreatesPerSecond: plain, creation, restart, ...(change && { change }) }
}

async function measureChange(
  client: Client,
  controller: RunningController,
  { mode, services }: ScaleSetup,
  changeAll: (client: Client) => Promise<void>,
  signal: AbortSignal,
) {
  const before = processUse(controller.pid)
  const [written] = childrenOf[mode]
  if (!written) throw new Error(`${mode} has no children`)
  const { metadata } = await client.list(written, { namespace: benchNamespace, limit: 1, metadataOnly: true })
  const stop = new AbortController()
  const watch = client.watch(written, {
    namespace: benchNamespace,
    metadataOnly: true,
    resourceVersion: metadata.resourceVersion ?? '',
    signal: AbortSignal.any([signal, stop.signal]),
  })
  const startedMs = performance.now()
  await changeAll(client)
  const changed = new Set<string | undefined>()
  for await (const { type, object } of watch) {
    if (type === 'MODIFIED') changed.add(object.metadata.name)
    if (changed.size === services) stop.abort()
  }
  const seconds = (performance.now() - startedMs) / 1000
  const { cpuMs, rssPeakBytes } = await untilQuiet(controller, signal)
  return { seconds, cpuMs: cpuMs - before.cpuMs, rssPeakBytes }
}

async function untilStatuses(
  client: Client,
  before: ApiRequests,
  services: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const since = new Map(requestsSince(before, await readApiRequests(client)))
    if ((since.get('PUT inferenceservices.serving.kserve.io/status') ?? 0) >= services) return
    await sleep(statusLookEveryMs, undefined, { signal })
  }
}

/** What the controller had used when there was nothing left to do for it. */
async function untilQuiet({ pid }: RunningController, signal: AbortSignal): Promise<ProcessUse> {
  for (let before = processUse(pid); ; ) {
    await sleep(quietMs, undefined, { signal })
    const now = processUse(pid)
    if (now.cpuMs - before.cpuMs < quietCpuMs) return now
    before = now
  }
}

function useSince(before: ProcessUse, after: ProcessUse): ProcessUse {
  return {
    ...after,
    cpuMs: after.cpuMs - before.cpuMs,
    bytesIn: after.bytesIn - before.bytesIn,
    bytesOut: after.bytesOut - before.bytesOut,
  }
}

/** It creates services, and asks how many children there are. A controller does neither. */
function isOfBench(name: string): boolean {
  return name === 'POST inferenceservices.serving.kserve.io' || name.startsWith('LIST ')
}
