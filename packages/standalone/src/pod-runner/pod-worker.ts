import { rm } from 'node:fs/promises'
import { isKubeError, quantityValue, resources, sleep } from '@millrace/kube'
import { ContainerSupervisor, type RestartRule } from './container-supervisor.ts'
import type { DownwardFacts } from './downward-field.ts'
import { drainEndpoints } from './drain-endpoints.ts'
import { followVolumes, type VolumeFollower } from './follow-volumes.ts'
import {
  type Container,
  type ContainerStatus,
  isSidecar,
  isTerminalPhase,
  type Pod,
  type PodIdentity,
  podIdentity,
  type PodStatus,
} from './pod.ts'
import { type PodContainers, podContainers } from './pod-containers.ts'
import { podDirectory } from './pod-directory.ts'
import { preparePod, type PreparedPod } from './pod-preparation.ts'
import type { PodWorkerContext } from './pod-worker-context.ts'
import { type PodFacts, podStatus } from './pod-status.ts'
import { PodStatusWriter } from './pod-status-writer.ts'
import type { VolumeContext } from './pod-volumes.ts'
import { type LaunchResult, prepareLaunch } from './prepare-launch.ts'
import { formatTime } from './time-format.ts'

const defaultGraceSeconds = 30
/** How long the last status of a pod may take when the platform stops, perhaps with an API server that is gone. */
const lastWriteMsMax = 1000
const maxTimerMs = 2 ** 31 - 1

/** One pod, from its arrival to its end: it gets its address and volumes, runs its containers, tells the API, and goes. */
export class PodWorker {
  readonly identity: PodIdentity
  readonly podDir: string
  readonly containers: readonly ContainerSupervisor[]
  /** Resolves when the first status is written: what the API says about a pod from before is true again. */
  readonly reported: Promise<void>
  readonly #context: PodWorkerContext
  readonly #first: Pod
  readonly #init: readonly ContainerSupervisor[]
  readonly #main: readonly ContainerSupervisor[]
  readonly #order: PodContainers
  readonly #writer: PodStatusWriter
  readonly #startTime: string
  readonly #graceMs: number
  /** It had ended before this process began: nothing about it changes any more. */
  readonly #wasOver: boolean
  /** No container is started any more. */
  readonly #halt = new AbortController()
  /** Nothing is waited for any more: the platform stops, or the object is gone. */
  readonly #hurry = new AbortController()
  readonly #lived: Promise<void>
  #prepared: PreparedPod | undefined
  #obstacle: string | undefined
  #failure: PodFacts['failure']
  #isOver: boolean
  #follower: VolumeFollower | undefined
  /** The last statuses that are told, once the platform stops. */
  #frozen: { readonly init: ContainerStatus[]; readonly main: ContainerStatus[] } | undefined
  #removal: Promise<void> | undefined

  /** Starts at once. `isIntact`: the pod's directory is complete, so init containers that are done stay done. */
  constructor(first: Pod, isIntact: boolean, context: PodWorkerContext) {
    const { clock, timing, client, log } = context
    this.identity = podIdentity(first)
    this.podDir = podDirectory(context.dataDir, this.identity)
    this.#context = context
    this.#first = first
    this.#startTime = first.status?.startTime ?? formatTime(clock.now())
    this.#graceMs = (first.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds) * 1000
    this.#wasOver = isTerminalPhase(first.status?.phase)
    this.#isOver = this.#wasOver
    this.#writer = new PodStatusWriter(first, {
      client,
      clock,
      log,
      batchMs: timing.statusBatchMs,
      compute: (pod) => this.#status(pod),
      onWritten: context.onWritten,
    })
    this.#init = (first.spec.initContainers ?? []).map((container) => this.#supervise(container, true, isIntact))
    this.#main = first.spec.containers.map((container) => this.#supervise(container, false, isIntact))
    this.containers = [...this.#init, ...this.#main]
    this.#order = podContainers(this.#init, this.#main, this.#graceMs, clock)
    this.#lived = this.#live()
    this.reported = this.#writer.flush()
  }

  get pod(): Pod {
    return this.#writer.pod
  }

  /** The API shows a newer object. */
  update(pod: Pod): void {
    const isShownChanged = !showsSame(pod, this.#writer.pod)
    this.#writer.observe(pod)
    if (isShownChanged) this.#follower?.refresh()
    if (!pod.metadata.deletionTimestamp) return
    if (this.#removal) this.#order.stop(this.#remainingGraceMs(pod))
    this.#removal ??= this.#remove(pod)
  }

  /** The object is gone from the API: ends what is left. Resolves when nothing of it is left. */
  async abandon(): Promise<void> {
    this.#writer.stop()
    this.#hurry.abort()
    this.#halt.abort()
    this.#order.stop(this.#context.timing.forcedGraceMs)
    await this.#lived
    await this.#removal
    await this.#cleanUp()
  }

  /** Ends the processes and leaves the object, so that the next start runs the pod again. */
  async close(): Promise<void> {
    this.#frozen = { init: this.#init.map(asStopped), main: this.#main.map(asStopped) }
    this.#hurry.abort()
    this.#halt.abort()
    if (!this.#isOver) this.#writer.request()
    this.#order.stop(Math.min(this.#context.timing.closeGraceMs, this.#graceMs))
    // A writer that is stopped flushes at once: the farewell is bounded, even when the API server is gone.
    const cancelFarewell = this.#context.clock.setTimeout(() => this.#writer.stop(), lastWriteMsMax)
    await this.#writer.flush()
    cancelFarewell()
    this.#writer.stop()
    await this.#lived
    this.#follower?.stop()
  }

  async #live(): Promise<void> {
    if (!this.#wasOver && !this.#first.metadata.deletionTimestamp) {
      this.#writer.request()
      await this.#prepare()
      if (this.#prepared && !this.#halt.signal.aborted) await this.#runContainers(this.#prepared.podIP)
    }
    if (!this.#frozen) this.#isOver = true
    this.#context.addresses.release(this.identity)
    this.#writer.request()
  }

  async #prepare(): Promise<void> {
    const { addresses, bootId, clock, timing } = this.#context
    this.#prepared = await preparePod(this.#first, {
      podDir: this.podDir,
      bootId,
      addresses,
      volumes: (podIP) => this.#volumeContext(podIP),
      clock,
      retry: timing.retry,
      signal: this.#halt.signal,
      onObstacle: (message, isFinal) => this.#hold(message, isFinal),
    })
  }

  async #runContainers(podIP: string): Promise<void> {
    this.#obstacle = undefined
    this.#follower = followVolumes(this.#first, () => this.#volumeContext(podIP), this.#context)
    this.#onChange()
    const cancelDeadline = this.#startDeadline()
    await this.#order.run()
    cancelDeadline()
    this.#follower.stop()
  }

  /** Tells on every container why the pod cannot start yet. */
  #hold(message: string, isFinal: boolean): void {
    if (this.#obstacle !== message) this.#onEvent('Warning', 'FailedMount', message)
    this.#obstacle = message
    const reason = isFinal ? 'CreateContainerConfigError' : 'ContainerCreating'
    for (const container of this.containers) container.hold(reason, message)
    this.#writer.request()
  }

  /** activeDeadlineSeconds counts from the pod's start, through restarts of the platform. */
  #startDeadline(): () => void {
    const seconds = this.#first.spec.activeDeadlineSeconds
    if (seconds === undefined) return () => {}
    const { clock } = this.#context
    const leftMs = Math.max(0, Date.parse(this.#startTime) + seconds * 1000 - clock.now())
    const onOver = () => {
      this.#failure = {
        reason: 'DeadlineExceeded',
        message: `The pod was active for longer than its ${seconds} seconds.`,
      }
      this.#onEvent('Normal', 'DeadlineExceeded', this.#failure.message)
      this.#order.stop(this.#graceMs)
    }
    return clock.setTimeout(onOver, Math.min(leftMs, maxTimerMs))
  }

  /** The pod was deleted: traffic away, containers down, last status, and only then the object. */
  async #remove(pod: Pod): Promise<void> {
    const { clock, timing } = this.#context
    const deadline = clock.now() + this.#remainingGraceMs(pod)
    if (isReady(this.#writer.pod)) {
      const drainMsMax = Math.min(timing.drainMsMax, deadline - clock.now())
      const drainContext = { ...this.#context, drainMsMax, settleMs: timing.drainSettleMs }
      await drainEndpoints(this.identity, drainContext, this.#hurry.signal)
    }
    if (!this.#isOver) this.#onEvent('Normal', 'Killing', 'the pod is being deleted; its containers are told to stop')
    this.#halt.abort()
    this.#order.stop(Math.max(0, deadline - clock.now()))
    await this.#lived
    await this.#writer.flush()
    if (this.#hurry.signal.aborted) return
    await deleteObject(this.#context, this.identity, this.#hurry.signal)
    await this.#cleanUp()
  }

  async #cleanUp(): Promise<void> {
    this.#writer.stop()
    this.#follower?.stop()
    this.#context.tokens.forget(this.#first)
    await rm(this.podDir, { recursive: true, force: true })
  }

  #supervise(container: Container, isInit: boolean, isIntact: boolean): ContainerSupervisor {
    const { clock, timing, ledger, hostIP, usage } = this.#context
    const prepared = () => this.#prepared
    return new ContainerSupervisor({
      container,
      isInit,
      initialReason: this.#first.spec.initContainers?.length ? 'PodInitializing' : 'ContainerCreating',
      podUid: this.identity.uid,
      podDir: this.podDir,
      get podIP() {
        return prepared()?.podIP ?? hostIP
      },
      graceMs: this.#graceMs,
      clock,
      timing,
      restarts: restartRule(this.#first, container, isInit),
      ledger,
      previous: isInit && !isIntact ? undefined : previousStatus(this.#first, container.name),
      prepare: () => this.#prepareContainer(container),
      watchMemory: (groupId, onExceeded) => {
        const memoryBytesMax = quantityValue(container.resources?.limits?.memory)
        return usage.track({ pod: this.identity, container: container.name, groupId, memoryBytesMax, onExceeded })
      },
      onEvent: (type, reason, message) => this.#onEvent(type, reason, message),
      onChange: () => this.#onChange(),
    })
  }

  async #prepareContainer(container: Container): Promise<LaunchResult> {
    if (!this.#prepared) throw new Error('a container was started before its pod was prepared.')
    const { podIP, places } = this.#prepared
    const { resolveImage, objects, platformEnv, fixedEnv } = this.#context
    try {
      return await prepareLaunch(container, {
        podDir: this.podDir,
        places,
        facts: this.#downwardFacts(podIP),
        resolveImage,
        fetchObject: (source) => objects.fetch(this.identity.namespace, source),
        platformEnv: { ...platformEnv, HOSTNAME: this.#first.spec.hostname ?? this.identity.name },
        fixedEnv: { ...fixedEnv, MILLRACE_BIND_ADDRESS: podIP },
      })
    } catch (error) {
      // A full disk, an API server that is away: it is tried again.
      const message = error instanceof Error ? error.message : String(error)
      return { ok: false, reason: 'CreateContainerConfigError', message }
    }
  }

  #volumeContext(podIP: string): VolumeContext {
    const { objects, tokens, claimPlace } = this.#context
    const { namespace } = this.identity
    return {
      podDir: this.podDir,
      facts: this.#downwardFacts(podIP),
      fetchObject: (source) => objects.fetch(namespace, source),
      requestToken: (wanted) => tokens.request(this.#first, wanted),
      claimPlace: (claim) => claimPlace(namespace, claim),
    }
  }

  #downwardFacts(podIP: string): DownwardFacts {
    const { nodeName, hostIP, allocatable, published } = this.#context
    return { pod: this.#writer.pod, nodeName, podIP: published(podIP), hostIP, allocatable }
  }

  #status(pod: Pod): PodStatus {
    if (this.#wasOver) return pod.status ?? {}
    const facts: PodFacts = {
      pod,
      init: this.#frozen?.init ?? this.#init.map(({ status }) => status),
      main: this.#frozen?.main ?? this.#main.map(({ status }) => status),
      hostIP: this.#context.hostIP,
      podIP: this.#prepared && this.#context.published(this.#prepared.podIP),
      startTime: this.#startTime,
      isPrepared: this.#prepared !== undefined,
      obstacle: this.#obstacle,
      isOver: this.#isOver,
      failure: this.#failure,
    }
    return podStatus(facts, pod.status, formatTime(this.#context.clock.now()))
  }

  #remainingGraceMs(pod: Pod): number {
    const seconds = pod.metadata.deletionGracePeriodSeconds
    return seconds === undefined ? this.#graceMs : seconds * 1000
  }

  #onChange(): void {
    this.#order.notify()
    this.#writer.request()
  }

  #onEvent(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.onEvent(this.#writer.pod, type, reason, message)
  }
}

function restartRule(pod: Pod, container: Container, isInit: boolean): RestartRule {
  const rule = pod.spec.restartPolicy ?? 'Always'
  if (!isInit) return rule
  if (isSidecar(container)) return 'Always'
  return rule === 'Never' ? 'Never' : 'OnFailure'
}

function previousStatus(pod: Pod, name: string): ContainerStatus | undefined {
  const all = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  return all.find((status) => status.name === name)
}

/** What is written when the platform stops: still to be run, but nothing to send traffic to. */
function asStopped({ status }: ContainerSupervisor): ContainerStatus {
  return status.state.running ? { ...status, ready: false, started: false } : status
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
}

/** Labels and annotations, which the downward API shows. */
function showsSame(a: Pod, b: Pod): boolean {
  const text = ({ metadata }: Pod) => JSON.stringify([metadata.labels, metadata.annotations])
  return a === b || text(a) === text(b)
}

/** The kubelet's last word: now the object may really go. */
async function deleteObject(context: PodWorkerContext, pod: PodIdentity, signal: AbortSignal): Promise<void> {
  const { client, clock, log, timing } = context
  const { namespace, name, uid } = pod
  let waitMs = 100
  while (!signal.aborted) {
    try {
      return await client.delete(resources.pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })
    } catch (error) {
      if (isKubeError(error, 'NotFound') || isKubeError(error, 'Conflict')) return
      log.warn('Could not delete a pod that has ended', { pod: name, namespace, error: String(error) })
      await sleep(clock, waitMs, signal)
      waitMs = Math.min(waitMs * 2, timing.retry.maxMs)
    }
  }
}
