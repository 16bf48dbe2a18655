import { sleep } from '@millrace/kube'
import { type AttemptContext, type ContainerAttempt, logPath, startAttempt } from './container-attempt.ts'
import { type ContainerLog, removeContainerLog } from './container-log.ts'
import type { Container, ContainerState, ContainerStatus, Terminated } from './pod.ts'
import type { PodRunnerTiming } from './pod-runner-timing.ts'
import type { Launch, LaunchResult } from './prepare-launch.ts'
import { readLogTail } from './read-container-log.ts'
import { planRestart } from './restart-back-off.ts'
import { formatTime } from './time-format.ts'

export type RestartRule = 'Always' | 'OnFailure' | 'Never'

export interface SupervisorContext extends Omit<AttemptContext, 'attempt' | 'containerID'> {
  readonly podUid: string
  readonly restarts: RestartRule
  /** An init container that has done its work counts as ready; any other that has ended does not. */
  readonly isInit: boolean
  /** What it waits for before anything has been tried. */
  readonly initialReason: 'PodInitializing' | 'ContainerCreating'
  readonly timing: PodRunnerTiming
  readonly prepare: () => Promise<LaunchResult>
  /** What the API remembers from before this process started, if anything. */
  readonly previous: ContainerStatus | undefined
}

/** What a program that was running when the platform went down is said to have ended with: SIGKILL. */
const lostExitCode = 137

/** One container of a pod, through all its restarts. */
export class ContainerSupervisor {
  readonly container: Container
  readonly #context: SupervisorContext
  readonly #halt = new AbortController()
  #state: ContainerState
  #lastState: ContainerState
  #restartCount: number
  #containerID: string | undefined
  #attempt: ContainerAttempt | undefined
  #isDone: boolean
  #stopGraceMs = 0

  constructor(context: SupervisorContext) {
    this.container = context.container
    this.#context = context
    const memory = recall(context)
    this.#state = memory.state
    this.#lastState = memory.lastState
    this.#restartCount = memory.restartCount
    this.#isDone = memory.isDone
    this.#containerID = context.previous?.containerID
  }

  get status(): ContainerStatus {
    const { name, image = '' } = this.container
    const id = this.#containerID
    const isInitDone = this.#context.isInit && this.#state.terminated?.exitCode === 0
    return {
      name,
      image,
      imageID: id === undefined ? '' : `local://${image}`,
      ...(id !== undefined && { containerID: id }),
      ready: this.#attempt?.ready ?? isInitDone,
      started: this.#attempt?.started ?? false,
      restartCount: this.#restartCount,
      state: this.#state,
      lastState: this.#lastState,
    }
  }

  /** The log of the attempt that runs now. */
  get liveLog(): ContainerLog | undefined {
    return this.#attempt?.log
  }

  /** Runs until the container has ended for good, or is stopped. Resolves at once when it had ended for good before. */
  async run(): Promise<void> {
    if (this.#isDone) return
    await this.#runUntilDone()
    this.#isDone = true
    if (!this.#state.terminated) {
      this.#state = { terminated: this.#lastState.terminated ?? neverRan(formatTime(this.#context.clock.now())) }
    }
    this.#context.onChange()
  }

  /** Says why the container cannot start yet. No effect once it has been started. */
  hold(reason: string, message: string): void {
    if (this.#state.waiting) this.#setState({ waiting: { reason, message } })
  }

  /** Ends the container and starts it no more. A second call can only shorten the time. */
  stop(graceMs: number): void {
    this.#stopGraceMs = graceMs
    this.#halt.abort()
    this.#attempt?.stop(graceMs)
  }

  async #runUntilDone(): Promise<void> {
    const { clock, timing, restarts, podDir } = this.#context
    let delayMs = 0
    while (!this.#halt.signal.aborted) {
      const begin = clock.now()
      const terminated = await this.#runOnce()
      if (!terminated) return
      this.#setState({ terminated })
      if (this.#halt.signal.aborted || !restartsAfter(restarts, terminated.exitCode)) return
      const plan = planRestart(delayMs, clock.now() - begin, timing.restartBackOff)
      delayMs = plan.nextDelayMs
      if (plan.waitMs > 0) await this.#backOff(plan.waitMs, terminated)
      if (this.#halt.signal.aborted) return
      this.#lastState = { terminated }
      this.#restartCount += 1
      await removeContainerLog(logPath(podDir, this.container.name, this.#restartCount - 2))
    }
  }

  /** Runs the program once, to its end. Undefined when stopped before it began. */
  async #runOnce(): Promise<Terminated | undefined> {
    const { clock, podUid, onEvent } = this.#context
    const launch = await this.#prepareLaunch()
    if (!launch || this.#halt.signal.aborted) return undefined
    const id = `process://${podUid}/${this.container.name}/${this.#restartCount}`
    this.#containerID = id
    try {
      const context = { ...this.#context, containerID: id, attempt: this.#restartCount }
      this.#attempt = await startAttempt(launch, context)
    } catch (error) {
      const terminated = startError(id, error as Error, formatTime(clock.now()))
      onEvent('Warning', 'Failed', terminated.message ?? '')
      return terminated
    }
    onEvent('Normal', 'Started', `started container ${this.container.name}`)
    this.#setState({ running: { startedAt: this.#attempt.startedAt } })
    if (this.#halt.signal.aborted) this.#attempt.stop(this.#stopGraceMs)
    const terminated = await this.#attempt.terminated
    this.#attempt = undefined
    return terminated
  }

  /** Waits until the launch can be prepared; undefined when stopped before. */
  async #prepareLaunch(): Promise<Launch | undefined> {
    const { clock, timing, onEvent, prepare } = this.#context
    let waitMs = timing.retry.firstMs
    for (let tries = 1; !this.#halt.signal.aborted; tries += 1) {
      const result = await prepare()
      if (result.ok) return result.launch
      const { message } = result
      if (tries === 1) onEvent('Warning', 'Failed', message)
      this.#setState({ waiting: { reason: result.reason, message } })
      await sleep(clock, waitMs, this.#halt.signal)
      waitMs = Math.min(waitMs * 2, timing.retry.maxMs)
    }
    return undefined
  }

  /** Says why the container waits, and waits. */
  async #backOff(waitMs: number, terminated: Terminated): Promise<void> {
    const message = await describeCrash(this.#context, terminated, waitMs, this.#restartCount)
    this.#lastState = { terminated }
    this.#context.onEvent('Warning', 'BackOff', message)
    this.#setState({ waiting: { reason: 'CrashLoopBackOff', message } })
    await sleep(this.#context.clock, waitMs, this.#halt.signal)
  }

  #setState(state: ContainerState): void {
    this.#state = state
    this.#context.onChange()
  }
}

export function restartsAfter(rule: RestartRule, exitCode: number): boolean {
  return rule === 'Always' || (rule === 'OnFailure' && exitCode !== 0)
}

/**
 * Where a container stands when the pod runner finds it again. One that was running ended with the platform: it starts
 * again at once, as one restart more, unless its rule forbids.
 */
function recall({ previous, restarts, initialReason, clock }: SupervisorContext): {
  state: ContainerState
  lastState: ContainerState
  restartCount: number
  isDone: boolean
} {
  const waiting = { waiting: { reason: initialReason } }
  if (!previous) return { state: waiting, lastState: {}, restartCount: 0, isDone: false }
  const { state, lastState, restartCount } = previous
  const ended = state.terminated ?? (state.running && lostWithPlatform(state.running.startedAt, clock.now(), previous))
  if (!ended) {
    // It waited: after a crash the next start is one restart more; before the first start nothing has happened yet.
    const restarted = lastState.terminated ? restartCount + 1 : restartCount
    return { state: waiting, lastState, restartCount: restarted, isDone: false }
  }
  if (!restartsAfter(restarts, ended.exitCode))
    return { state: { terminated: ended }, lastState, restartCount, isDone: true }
  return { state: waiting, lastState: { terminated: ended }, restartCount: restartCount + 1, isDone: false }
}

function lostWithPlatform(startedAt: string, now: number, previous: ContainerStatus): Terminated {
  return {
    exitCode: lostExitCode,
    reason: 'Error',
    message: 'The platform was stopped while this container was running.',
    startedAt,
    finishedAt: formatTime(now),
    ...(previous.containerID !== undefined && { containerID: previous.containerID }),
  }
}

function startError(containerID: string, error: Error, now: string): Terminated {
  const { code } = error as NodeJS.ErrnoException
  const message = code === 'ENOENT' ? `${error.message}: there is no such program on this machine.` : error.message
  return { exitCode: 128, reason: 'StartError', message, startedAt: now, finishedAt: now, containerID }
}

function neverRan(now: string): Terminated {
  const message = 'The container was stopped before it had started.'
  return { exitCode: lostExitCode, reason: 'ContainerStatusUnknown', message, startedAt: now, finishedAt: now }
}

/** The one sentence that a person looking at a crash loop wants: how it ended, and the last thing that it said. */
async function describeCrash(
  { container, podDir }: SupervisorContext,
  terminated: Terminated,
  waitMs: number,
  attempt: number,
): Promise<string> {
  const ending =
    terminated.reason === 'OOMKilled'
      ? 'was killed for using more memory than its limit'
      : `ended with exit code ${terminated.exitCode}`
  const said = terminated.message ?? (await readLogTail(logPath(podDir, container.name, attempt), 80, 2048))
  const lastLine = said.trim().split('\n').at(-1)?.trim().slice(0, 500) ?? ''
  const seconds = Math.round(waitMs / 1000)
  return `back-off ${seconds}s restarting container ${container.name}: it ${ending}${lastLine === '' ? '' : `: ${lastLine}`}`
}
