import type { KubeObject } from '@millrace/kube'
import type { TablePrinter } from './table-printer.ts'
import { age, at, columns, conditionStatus, count, items, since, text } from './printer-cells.ts'

type Json = Readonly<Record<string, unknown>>

/** What `kubectl get pods` says in one word, and how it counts containers and restarts. */
interface PodSummary {
  readonly reason: string
  readonly ready: number
  readonly total: number
  readonly restarts: number
  /** When a container last ended; empty: never. */
  readonly lastRestart: string
}

export const printPod: TablePrinter = {
  columns: columns(
    'Name:string:name, Ready:string, Status:string, Restarts:string, Age:string',
    '+IP:string, +Node:string, +Nominated Node:string, +Readiness Gates:string',
  ),
  cells: (pod, nowMs) => {
    const { reason, ready, total, restarts, lastRestart } = summarize(pod)
    const ended = restarts > 0 && lastRestart !== '' ? ` (${since(lastRestart, nowMs)} ago)` : ''
    return [
      pod.metadata.name ?? '',
      `${ready}/${total}`,
      reason,
      `${restarts}${ended}`,
      age(pod, nowMs),
      orNone(text(pod, 'status', 'podIPs', 0, 'ip')),
      orNone(text(pod, 'spec', 'nodeName')),
      orNone(text(pod, 'status', 'nominatedNodeName')),
      readinessGates(pod),
    ]
  },
}

const orNone = (value: string): string => (value === '' ? '<none>' : value)

function summarize(pod: KubeObject): PodSummary {
  const phase = text(pod, 'status', 'phase')
  const initContainers = items(pod, 'spec', 'initContainers')
  const sidecars = new Set(initContainers.filter(isSidecar).map((container) => text(container, 'name')))
  const total = items(pod, 'spec', 'containers').length + sidecars.size
  const gated = items(pod, 'status', 'conditions').some((item) => item.reason === 'SchedulingGated')
  const start = gated ? 'SchedulingGated' : text(pod, 'status', 'reason') || phase
  const init = summarizeInit(pod, sidecars, initContainers.length)
  const isInitialized = init.reason === undefined || conditionStatus(pod, 'Initialized') === 'True'
  const main = isInitialized ? summarizeMain(pod, init.reason ?? start, init) : undefined
  const reason = main?.reason ?? init.reason ?? start
  return {
    reason: whenDeleted(pod, phase, reason),
    ready: main?.ready ?? init.ready,
    total,
    restarts: main?.restarts ?? init.restarts,
    lastRestart: main?.lastRestart ?? init.lastRestart,
  }
}

function whenDeleted(pod: KubeObject, phase: string, reason: string): string {
  if (pod.metadata.deletionTimestamp === undefined) return reason
  if (text(pod, 'status', 'reason') === 'NodeLost') return 'Unknown'
  return phase === 'Succeeded' || phase === 'Failed' ? reason : 'Terminating'
}

const isSidecar = (container: Json): boolean => container.restartPolicy === 'Always'

interface InitSummary {
  /** Undefined: all have done their work. */
  readonly reason: string | undefined
  readonly ready: number
  readonly restarts: number
  readonly lastRestart: string
  readonly sidecarRestarts: number
  readonly sidecarLastRestart: string
}

function summarizeInit(pod: KubeObject, sidecars: ReadonlySet<string>, total: number): InitSummary {
  let [ready, restarts, sidecarRestarts] = [0, 0, 0]
  let [lastRestart, sidecarLastRestart] = ['', '']
  let reason: string | undefined
  for (const [index, status] of items(pod, 'status', 'initContainerStatuses').entries()) {
    const isRestartable = sidecars.has(text(status, 'name'))
    restarts += count(status, 'restartCount')
    lastRestart = later(lastRestart, endOf(status))
    if (isRestartable) {
      sidecarRestarts += count(status, 'restartCount')
      sidecarLastRestart = later(sidecarLastRestart, endOf(status))
    }
    const terminated = at(status, 'state', 'terminated')
    if (terminated && count(terminated, 'exitCode') === 0) continue
    if (isRestartable && status.started === true) {
      if (status.ready === true) ready++
      continue
    }
    reason = `Init:${initReason(status, terminated) ?? `${index}/${total}`}`
    break
  }
  return { reason, ready, restarts, lastRestart, sidecarRestarts, sidecarLastRestart }
}

function initReason(status: Json, terminated: unknown): string | undefined {
  if (terminated) return text(terminated, 'reason') || exitText(terminated)
  const waiting = text(status, 'state', 'waiting', 'reason')
  return waiting !== '' && waiting !== 'PodInitializing' ? waiting : undefined
}

function exitText(terminated: unknown): string {
  const signal = count(terminated, 'signal')
  return signal === 0 ? `ExitCode:${count(terminated, 'exitCode')}` : `Signal:${signal}`
}

function summarizeMain(pod: KubeObject, start: string, init: InitSummary): Omit<PodSummary, 'total'> {
  let reason = start
  let ready = init.ready
  let restarts = init.sidecarRestarts
  let lastRestart = init.sidecarLastRestart
  let hasRunning = false
  for (const status of items(pod, 'status', 'containerStatuses').toReversed()) {
    restarts += count(status, 'restartCount')
    lastRestart = later(lastRestart, endOf(status))
    const waiting = text(status, 'state', 'waiting', 'reason')
    const terminated = at(status, 'state', 'terminated')
    if (waiting !== '') reason = waiting
    else if (terminated) reason = text(terminated, 'reason') || exitText(terminated)
    else if (status.ready === true && at(status, 'state', 'running')) {
      hasRunning = true
      ready++
    }
  }
  if (reason === 'Completed' && hasRunning) reason = conditionStatus(pod, 'Ready') === 'True' ? 'Running' : 'NotReady'
  return { reason, ready, restarts, lastRestart }
}

function endOf(status: Json): string {
  return text(status, 'lastState', 'terminated', 'finishedAt')
}

/** RFC 3339 UTC times compare as text. */
const later = (a: string, b: string): string => (b > a ? b : a)

function readinessGates(pod: KubeObject): string {
  const gates = items(pod, 'spec', 'readinessGates')
  if (gates.length === 0) return '<none>'
  const open = gates.filter((gate) => conditionStatus(pod, text(gate, 'conditionType')) === 'True')
  return `${open.length}/${gates.length}`
}
