import { readdir, rm } from 'node:fs/promises'
import { platform } from 'node:os'
import { join } from 'node:path'
import {
  type Client,
  type Clock,
  createEventRecorder,
  type EventRecorder,
  type Informer,
  type KubeObject,
  type Log,
  resources,
  silentLog,
  sleep,
  startInformer,
  systemClock,
} from '@millrace/kube'
import { publishedAddress } from '../published-address.ts'
import { type AddressBook, perPodAddresses, sharedAddress } from './address-book.ts'
import { PodBinder } from './bind-pods.ts'
import { keepNodeAlive } from './keep-node-alive.ts'
import { type KubeletServer, startKubeletServer } from './kubelet-server.ts'
import { nodeAllocatable, type NodeDescription, registerNode, renewLease, reportNode } from './node-registration.ts'
import { createObjectSource, type ObjectSource } from './object-source.ts'
import { parsePod, type Pod } from './pod.ts'
import { parseLoopbackRange } from './pod-address.ts'
import { makePrivateDirectory, podDirectory, podsDirectory, uidOfPodDirectory } from './pod-directory.ts'
import { isIntact } from './pod-marker.ts'
import { type PodRunnerTiming, podRunnerTiming } from './pod-runner-timing.ts'
import type { PodRunner, PodRunnerOptions, PodUsage } from './pod-runner.ts'
import { PodWorker } from './pod-worker.ts'
import type { PodWorkerContext } from './pod-worker-context.ts'
import { platformEnvironment } from './platform-environment.ts'
import { endLeftovers, ledgerVariable, openProcessLedger } from './process-ledger.ts'
import { readBootId } from './process-table.ts'
import { createTokenSource } from './token-source.ts'
import { createUsageSampler, type UsageSampler } from './usage-sampler.ts'
import { startVolumeClaims, type VolumeClaims } from './volume-claims.ts'

const hostIP = '127.0.0.1'
const podsMaxDefault = 110
const podCIDRDefault = '127.64.0.0/10'
/** What processes of a killed predecessor get before SIGKILL. */
const leftoverGraceMs = 500
/** How long the start waits for what the API says about pods to be true again. */
const firstReportMsMax = 5000
/** How long goodbyes to the API may take. */
const farewellMsMax = 1000

/** The node of this machine: see `startPodRunner`. */
export class NodeRunner implements PodRunner {
  readonly nodeName: string
  readonly #client: Client
  readonly #options: PodRunnerOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #timing: PodRunnerTiming
  readonly #podsMax: number
  readonly #bootId = readBootId()
  readonly #abort = new AbortController()
  readonly #workers = new Map<string, PodWorker>()
  readonly #ending = new Set<Promise<void>>()
  readonly #usage: UsageSampler
  readonly #pods: Informer<Pod>
  readonly #node: Informer
  readonly #claims: VolumeClaims
  readonly #objects: ObjectSource
  readonly #events: EventRecorder
  #stopKeepingAlive = () => {}
  #kubelet: KubeletServer | undefined
  #closing: Promise<void> | undefined

  constructor(client: Client, options: PodRunnerOptions) {
    this.nodeName = options.nodeName ?? 'millrace'
    this.#client = client
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#log = options.log ?? silentLog
    this.#timing = { ...podRunnerTiming, ...options.timing }
    this.#podsMax = options.podsMax ?? podsMaxDefault
    this.#usage = createUsageSampler(this.#clock, this.#timing.memoryCheckMs)
    const [clock, log, nodeName, signal] = [this.#clock, this.#log, this.nodeName, this.#abort.signal] as const
    this.#events = createEventRecorder({ client, component: 'millrace-pod-runner', clock, log })
    // All pods in one watch: those of this node, and those that wait for one.
    this.#pods = startInformer<Pod>(client, resources.pods, { log })
    this.#node = startInformer(client, resources.nodes, { log, fieldSelector: `metadata.name=${nodeName}` })
    this.#objects = createObjectSource(client, log, signal)
    const { dataDir } = options
    const isInUse = (namespace: string, claim: string) => this.#usesClaim(namespace, claim)
    this.#claims = startVolumeClaims({ client, log, dataDir, signal, isInUse })
  }

  get kubeletPort(): number {
    return this.#kubelet?.port ?? 0
  }

  async start(): Promise<void> {
    const { dataDir } = this.#options
    const ledgerDirectory = join(dataDir, 'processes')
    const addresses = this.#addressBook()
    await makePrivateDirectory(podsDirectory(dataDir))
    const leftovers = await endLeftovers(ledgerDirectory, leftoverGraceMs)
    if (leftovers > 0) this.#log.info('Ended processes that a killed predecessor left', { count: leftovers })
    await this.#startKubelet()
    const [node] = await Promise.all([
      registerNode(this.#client, this.#description(), this.#clock.now(), this.#abort.signal),
      renewLease(this.#client, this.nodeName, this.#clock.now(), this.#abort.signal),
      this.#pods.synced,
      this.#claims.synced,
    ])
    this.#stopKeepingAlive = keepNodeAlive(this.#client, () => this.#description(), {
      clock: this.#clock,
      log: this.#log,
      timing: this.#timing,
      signal: this.#abort.signal,
    })
    await this.#removeOrphans()
    const context = this.#workerContext(addresses, ledgerDirectory)
    this.#follow(context, node)
    await this.#firstReports()
  }

  async usage(): Promise<ReadonlyMap<string, PodUsage>> {
    const byPod = new Map<string, PodUsage>()
    for (const { pod, residentBytes, cpuCores } of this.#usage.usage) {
      if (cpuCores === undefined) continue
      const { cpuMillicores = 0, memoryBytes = 0 } = byPod.get(pod.uid) ?? {}
      byPod.set(pod.uid, {
        cpuMillicores: cpuMillicores + cpuCores * 1000,
        memoryBytes: memoryBytes + residentBytes,
      })
    }
    return byPod
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#stopKeepingAlive()
    const farewell = AbortSignal.timeout(this.#timing.closeGraceMs + farewellMsMax)
    const stopped = Promise.all([...this.#workers.values()].map((worker) => worker.close()))
    const report = { isReady: false, now: this.#clock.now(), signal: farewell }
    const goodbye = this.#kubelet && reportNode(this.#client, this.#description(), report)
    await Promise.all([stopped, ...this.#ending, goodbye?.catch(() => {})])
    this.#abort.abort()
    this.#usage.stop()
    const parts = [
      this.#pods.stop(),
      this.#node.stop(),
      this.#claims.close(),
      this.#objects.close(),
      this.#events.close(),
    ]
    await Promise.all([...parts, this.#kubelet?.close()])
  }

  #addressBook(): AddressBook {
    const { podCIDR = podCIDRDefault, dataDir } = this.#options
    const mode = this.#options.addresses ?? (platform() === 'linux' ? 'per-pod' : 'shared')
    if (mode === 'shared') {
      this.#log.info('All pods share one address on this system: two pods cannot have the same port', {
        address: hostIP,
      })
      return sharedAddress(hostIP)
    }
    const range = parseLoopbackRange(podCIDR)
    if (range) return perPodAddresses(range, hostIP, dataDir)
    throw new Error(
      `podCIDR "${podCIDR}" must be a network inside of 127.0.0.0/8 with 8 to 24 bits, for example ${podCIDRDefault}.`,
    )
  }

  #description(): NodeDescription {
    return {
      name: this.nodeName,
      hostIP,
      kubeletPort: this.kubeletPort,
      podsMax: this.#podsMax,
      bootId: this.#bootId,
    }
  }

  async #startKubelet(): Promise<void> {
    this.#kubelet = await startKubeletServer({
      host: hostIP,
      port: this.#options.kubeletPort ?? 0,
      token: this.#options.kubeletToken,
      nodeName: this.nodeName,
      find: (namespace, name) => this.#find(namespace, name),
      pods: () => [...this.#workers.values()].map(({ pod }) => pod),
      usage: () => this.#usage.usage,
      now: () => this.#clock.now(),
    })
  }

  #find(namespace: string, name: string): PodWorker | undefined {
    return [...this.#workers.values()].find(
      ({ identity }) => identity.name === name && identity.namespace === namespace,
    )
  }

  #workerContext(addresses: AddressBook, ledgerDirectory: string): PodWorkerContext {
    const { dataDir, resolveImage, proxyUrl, environment = process.env } = this.#options
    const [client, clock, log, signal] = [this.#client, this.#clock, this.#log, this.#abort.signal] as const
    return {
      client,
      clock,
      log,
      timing: this.#timing,
      dataDir,
      bootId: this.#bootId,
      nodeName: this.nodeName,
      hostIP,
      published: this.#options.publishReserved === true ? publishedAddress : (podIP) => podIP,
      allocatable: nodeAllocatable(this.#podsMax),
      addresses,
      objects: this.#objects,
      tokens: createTokenSource(client, clock, signal),
      ledger: openProcessLedger(ledgerDirectory),
      usage: this.#usage,
      resolveImage,
      platformEnv: platformEnvironment(environment, proxyUrl),
      fixedEnv: { MILLRACE_LIFELINE_FD: '3', [ledgerVariable]: ledgerDirectory },
      claimPlace: (namespace, claim) => this.#claims.place(namespace, claim),
      onEvent: (pod, type, reason, message) => this.#events.record(pod, { type, reason, message }),
      onWritten: (pod) => this.#pods.remember(pod),
    }
  }

  /** From here on the API's changes reach the workers. */
  #follow(context: PodWorkerContext, node: KubeObject): void {
    const binder = new PodBinder({
      client: this.#client,
      clock: this.#clock,
      log: this.#log,
      nodeName: this.nodeName,
      signal: this.#abort.signal,
      node: () => this.#node.get({ name: this.nodeName }) ?? node,
      podsMax: this.#podsMax,
      podCount: () => this.#workers.size,
      onEvent: (pod, type, reason, message) => this.#events.record(pod, { type, reason, message }),
    })
    this.#node.onChange(() => binder.retry())
    this.#pods.onChange(({ type, object }) => {
      const pod = parsePod(object)
      if (!pod) return
      if (type === 'deleted') this.#forget(pod, binder)
      else if (pod.spec.nodeName === this.nodeName) this.#take(pod, context)
      else binder.consider(pod)
    })
  }

  #take(pod: Pod, context: PodWorkerContext): void {
    if (this.#closing) return
    const uid = pod.metadata.uid ?? ''
    const known = this.#workers.get(uid)
    if (known) return known.update(pod)
    const podDir = podDirectory(context.dataDir, {
      namespace: pod.metadata.namespace ?? 'default',
      name: pod.metadata.name ?? '',
      uid,
    })
    const worker = new PodWorker(pod, isIntact(podDir, this.#bootId), context)
    this.#workers.set(uid, worker)
    if (pod.metadata.deletionTimestamp) worker.update(pod)
  }

  #forget(pod: Pod, binder: PodBinder): void {
    const uid = pod.metadata.uid ?? ''
    binder.forget(pod)
    const worker = this.#workers.get(uid)
    if (!worker) return
    const ending = worker.abandon().finally(() => {
      this.#workers.delete(uid)
      this.#ending.delete(ending)
      // There may be room for a pod that waits.
      binder.retry()
      this.#claims.sweep()
    })
    this.#ending.add(ending)
  }

  async #firstReports(): Promise<void> {
    const reports = Promise.all([...this.#workers.values()].map(({ reported }) => reported))
    const stop = new AbortController()
    await Promise.race([reports, sleep(this.#clock, firstReportMsMax, stop.signal)])
    stop.abort()
  }

  /** Directories of pods that were deleted while nobody was here. */
  async #removeOrphans(): Promise<void> {
    const living = new Set(this.#pods.list().map(({ metadata }) => metadata.uid))
    const directory = podsDirectory(this.#options.dataDir)
    for (const name of await readdir(directory)) {
      const uid = uidOfPodDirectory(name)
      if (uid !== undefined && !living.has(uid)) await rm(join(directory, name), { recursive: true, force: true })
    }
  }

  #usesClaim(namespace: string, claim: string): boolean {
    return [...this.#workers.values()].some(
      ({ identity, pod }) =>
        identity.namespace === namespace &&
        pod.spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === claim),
    )
  }
}
