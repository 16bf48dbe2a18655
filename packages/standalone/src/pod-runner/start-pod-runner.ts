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
import { type KubeletServer, startKubeletServer } from './kubelet-server.ts'
import { nodeAllocatable, type NodeDescription, registerNode, renewLease, reportNode } from './node-registration.ts'
import { createObjectSource, type ObjectSource } from './object-source.ts'
import { parsePod, type Pod } from './pod.ts'
import { parseLoopbackRange } from './pod-address.ts'
import { makePrivateDirectory, podDirectory, podsDirectory, uidOfPodDirectory } from './pod-directory.ts'
import { isIntact } from './pod-marker.ts'
import { type PodRunnerTiming, podRunnerTiming } from './pod-runner-timing.ts'
import { PodWorker, type PodWorkerContext } from './pod-worker.ts'
import { platformEnvironment } from './platform-environment.ts'
import type { LocalProgram } from './prepare-launch.ts'
import { endLeftovers, ledgerVariable, openProcessLedger } from './process-ledger.ts'
import { readBootId } from './process-table.ts'
import { createTokenSource } from './token-source.ts'
import { createUsageSampler, type UsageSampler } from './usage-sampler.ts'
import { startVolumeClaims, type VolumeClaims } from './volume-claims.ts'

export interface PodRunnerOptions {
  /** Everything that pods have on disk is below this directory; it is made if missing. */
  readonly dataDir: string
  /** Image → local program; undefined gives ErrImagePull. */
  readonly resolveImage: (image: string) => LocalProgram | undefined
  /** Shared with the API server: who shows it may read logs. */
  readonly kubeletToken: string
  /** Default `millrace`. */
  readonly nodeName?: string
  /** Default 0: a free port. */
  readonly kubeletPort?: number
  /** HTTP proxy through which pods reach cluster names: the gateway. */
  readonly proxyUrl?: string
  /** Where pods get their addresses from, inside of 127.0.0.0/8; default 127.64.0.0/10. */
  readonly podCIDR?: string
  /** `per-pod` needs Linux; default by system. */
  readonly addresses?: 'per-pod' | 'shared'
  /** Tell pods' addresses as a real Kubernetes takes them: see `publishedAddress`. */
  readonly publishReserved?: boolean
  readonly podsMax?: number
  /** The environment of this process, of which pods get a few harmless variables. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly timing?: Partial<PodRunnerTiming>
  readonly clock?: Clock
  readonly log?: Log
}

/** What one pod uses now. */
export interface PodUsage {
  readonly cpuMillicores: number
  readonly memoryBytes: number
}

export interface PodRunner {
  readonly nodeName: string
  readonly kubeletPort: number
  /** By pod uid; pods that have not been measured yet are absent. */
  usage(): Promise<ReadonlyMap<string, PodUsage>>
  /** Ends every process that it started, at the latest when the close grace is over. The API's objects stay. */
  close(): Promise<void>
}

const hostIP = '127.0.0.1'
const podsMaxDefault = 110
const podCIDRDefault = '127.64.0.0/10'
/** What processes of a killed predecessor get before SIGKILL. */
const leftoverGraceMs = 500
/** How long the start waits for what the API says about pods to be true again. */
const firstReportMsMax = 5000
/** How long goodbyes to the API may take. */
const farewellMsMax = 1000

/**
 * A node whose pods are processes. Resolves when the node is registered and every pod that the API remembers has its
 * true status again; from then on pods come and go as the API says.
 *
 * What a machine without containers cannot give is left out knowingly: CPU limits and `readOnly` mounts are not enforced,
 * and a security context is not applied, since every pod runs as the user who started the platform. Where there is no
 * /proc (macOS), memory limits are not enforced either, nothing is measured, and after a `kill -9` only programs that
 * watch their lifeline end.
 */
export async function startPodRunner(client: Client, options: PodRunnerOptions): Promise<PodRunner> {
  const runner = new NodeRunner(client, options)
  try {
    await runner.start()
  } catch (error) {
    await runner.close()
    throw error
  }
  return runner
}

class NodeRunner implements PodRunner {
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
  readonly #timers = new Set<() => void>()
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
    this.#keepAlive()
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
    for (const cancel of this.#timers) cancel()
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

  #keepAlive(): void {
    const { leaseRenewMs, nodeReportMs } = this.#timing
    const [client, clock, signal] = [this.#client, this.#clock, this.#abort.signal] as const
    this.#every(leaseRenewMs, 'Could not renew the lease of the node', () =>
      renewLease(client, this.nodeName, clock.now(), signal),
    )
    this.#every(nodeReportMs, 'Could not report the state of the node', () =>
      reportNode(client, this.#description(), { isReady: true, now: clock.now(), signal }),
    )
  }

  #every(intervalMs: number, failure: string, step: () => Promise<void>): void {
    let cancel = () => {}
    const forget = () => cancel()
    this.#timers.add(forget)
    const plan = () => {
      cancel = this.#clock.setTimeout(async () => {
        await step().catch((error: unknown) => this.#log.warn(failure, { error: String(error) }))
        if (!this.#closing) plan()
      }, intervalMs)
    }
    plan()
  }

  #usesClaim(namespace: string, claim: string): boolean {
    return [...this.#workers.values()].some(
      ({ identity, pod }) =>
        identity.namespace === namespace &&
        pod.spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === claim),
    )
  }
}
