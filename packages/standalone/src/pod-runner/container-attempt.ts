import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '@millrace/kube'
import { superviseHealth } from './container-health.ts'
import { type ContainerLog, openContainerLog } from './container-log.ts'
import { runHook } from './lifecycle-hook.ts'
import type { Container, Terminated } from './pod.ts'
import { containerDirectory } from './pod-directory.ts'
import type { Launch } from './prepare-launch.ts'
import type { ProbeTarget } from './probe-attempt.ts'
import { type ProcessExit, type ProcessGroup, startProcessGroup } from './process-group.ts'
import type { ProcessLedger } from './process-ledger.ts'
import { readLogTail } from './read-container-log.ts'
import { runCommand } from './run-command.ts'
import { formatTime } from './time-format.ts'

export interface AttemptContext {
  readonly container: Container
  readonly containerID: string
  readonly podDir: string
  readonly podIP: string
  /** How often the container was restarted before. */
  readonly attempt: number
  /** The pod's terminationGracePeriodSeconds. */
  readonly graceMs: number
  readonly clock: Clock
  readonly ledger: ProcessLedger
  /** Told about the program's process; the answer ends the watch. `onExceeded` may come at any time. */
  readonly watchMemory: (pid: number, onExceeded: () => void) => () => void
  readonly onEvent: (type: 'Normal' | 'Warning', reason: string, message: string) => void
  /** `started` or `ready` have changed. */
  readonly onChange: () => void
}

/** One life of a container's program, from start to end. */
export interface ContainerAttempt {
  readonly startedAt: string
  readonly log: ContainerLog
  readonly started: boolean
  readonly ready: boolean
  readonly terminated: Promise<Terminated>
  /** preStop, then SIGTERM, then SIGKILL when `graceMs` are over. A later call can only shorten the time. */
  stop(graceMs: number): void
}

const terminationMessageBytesMax = 4096
/** Kubernetes' bounds for `FallbackToLogsOnError`. */
const fallbackLinesMax = 80
const fallbackBytesMax = 2048

export function logPath(podDir: string, container: string, attempt: number): string {
  return join(containerDirectory(podDir, container), `${attempt}.log`)
}

/** Starts the program. Rejects when it cannot be started at all. */
export async function startAttempt(launch: Launch, context: AttemptContext): Promise<ContainerAttempt> {
  const { container, clock, ledger, onEvent, onChange } = context
  const log = await openContainerLog(logPath(context.podDir, container.name, context.attempt), clock.now)
  const group = await startProcessGroup(launch.command).catch(async (error: unknown) => {
    await log.close()
    throw error
  })
  ledger.add(group.pid)
  const startedAt = formatTime(clock.now())
  const copied = Promise.all([log.copy(group.stdout, 'stdout'), log.copy(group.stderr, 'stderr')])
  const life = new AbortController()
  const state = { started: false, ready: false, isOutOfMemory: false }
  const unwatch = context.watchMemory(group.pid, () => {
    state.isOutOfMemory = true
    group.signal('SIGKILL')
  })
  const stop = groupStopper(group, launch, context, life.signal)

  async function waitForEnd(): Promise<Terminated> {
    const exit = await group.exited
    life.abort()
    unwatch()
    ledger.remove(group.pid)
    await copied
    await log.close()
    if (log.trouble) onEvent('Warning', 'LogLost', `some output could not be written: ${log.trouble.message}`)
    return describeExit(exit, startedAt, state.isOutOfMemory, launch, context)
  }

  void superviseHealth({
    target: probeTarget(launch, context),
    resolveText: launch.resolveText,
    clock,
    signal: life.signal,
    onEvent,
    onStarted: () => {
      state.started = true
      onChange()
    },
    onReady: (isReady) => {
      state.ready = isReady
      onChange()
    },
    onHopeless: (why, probe) => {
      onEvent('Normal', 'Killing', `container ${container.name} is ended: ${why}`)
      const seconds = probe?.terminationGracePeriodSeconds
      stop(seconds === undefined ? context.graceMs : seconds * 1000)
    },
  })
  return {
    startedAt,
    log,
    get started() {
      return state.started && !life.signal.aborted
    },
    get ready() {
      return state.ready && !life.signal.aborted
    },
    terminated: waitForEnd(),
    stop,
  }
}

function probeTarget(launch: Launch, context: AttemptContext): ProbeTarget {
  return {
    container: context.container,
    podIP: context.podIP,
    runCommand: (command, signal) => runCommand(launch.command, command, signal),
  }
}

/**
 * ```
 * stop(30 s) ── preStop ── SIGTERM ─────────────── SIGKILL
 *            └──────────── 30 s ──────────────────┘
 * ```
 */
function groupStopper(
  group: ProcessGroup,
  launch: Launch,
  context: AttemptContext,
  ended: AbortSignal,
): (graceMs: number) => void {
  const { clock, container, onEvent } = context
  let deadline = Number.POSITIVE_INFINITY
  let cancelKill: (() => void) | undefined
  let isStopping = false
  ended.addEventListener('abort', () => cancelKill?.(), { once: true })

  async function stopGently(graceMs: number): Promise<void> {
    const hook = container.lifecycle?.preStop
    if (hook && graceMs > 0) {
      const timing = { clock, timeoutMs: graceMs, signal: ended }
      const failure = await runHook(hook, probeTarget(launch, context), launch.resolveText, timing)
      if (failure !== undefined && !ended.aborted) onEvent('Warning', 'FailedPreStopHook', failure)
    }
    group.signal('SIGTERM')
  }

  return (graceMs) => {
    if (ended.aborted) return
    const wanted = clock.now() + graceMs
    if (wanted < deadline) {
      deadline = wanted
      cancelKill?.()
      cancelKill = clock.setTimeout(() => group.signal('SIGKILL'), graceMs)
    }
    if (isStopping) return
    isStopping = true
    void stopGently(graceMs)
  }
}

async function describeExit(
  exit: ProcessExit,
  startedAt: string,
  isOutOfMemory: boolean,
  launch: Launch,
  context: AttemptContext,
): Promise<Terminated> {
  const written = await readFile(launch.terminationLog).catch(() => Buffer.alloc(0))
  const fallsBack = context.container.terminationMessagePolicy === 'FallbackToLogsOnError' && exit.exitCode !== 0
  const message =
    written.length === 0 && fallsBack
      ? await readLogTail(
          logPath(context.podDir, context.container.name, context.attempt),
          fallbackLinesMax,
          fallbackBytesMax,
        )
      : written.subarray(0, terminationMessageBytesMax).toString('utf8')
  const endReason = exit.exitCode === 0 ? 'Completed' : 'Error'
  return {
    exitCode: exit.exitCode,
    ...(exit.signal !== undefined && { signal: exit.signal }),
    reason: isOutOfMemory ? 'OOMKilled' : endReason,
    ...(message !== '' && { message }),
    startedAt,
    finishedAt: formatTime(context.clock.now()),
    containerID: context.containerID,
  }
}
