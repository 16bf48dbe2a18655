import type { InferenceServiceStatus } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { containerNames, labelKeys } from '../keys.ts'
import { conditionOf } from './deployment-state.ts'

export type Failure = NonNullable<NonNullable<InferenceServiceStatus['modelStatus']>['lastFailureInfo']>

export interface Termination {
  readonly reason?: string
  readonly message?: string
  readonly exitCode?: number
  readonly finishedAt?: string
}

export interface ContainerStatus {
  readonly name: string
  readonly ready?: boolean
  readonly restartCount?: number
  readonly state?: {
    readonly running?: object
    readonly waiting?: { readonly reason?: string; readonly message?: string }
    readonly terminated?: Termination
  }
  readonly lastState?: { readonly terminated?: Termination }
}

/** Longest part of a log that goes into a status; the end is kept, because it says what happened. */
const messageCharsMax = 2048
/** Longest part of it that goes into a condition. */
const sentenceCharsMax = 300
const imageFailures = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']
/** Reasons for which a container waits that will not go away by waiting. */
const waitingFailures = new Set([
  ...imageFailures,
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
])
/** What ended a container from outside, by the exit code that stands for it. Its last words are not the cause then. */
const signals: Readonly<Record<number, string>> = {
  129: 'SIGHUP',
  130: 'SIGINT',
  131: 'SIGQUIT',
  132: 'SIGILL',
  134: 'SIGABRT',
  135: 'SIGBUS',
  136: 'SIGFPE',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  143: 'SIGTERM',
}
const servers: readonly string[] = [containerNames.server, containerNames.worker, containerNames.transformer]

export function containerStatuses(
  pod: KubeObject,
  field: 'containerStatuses' | 'initContainerStatuses',
): readonly ContainerStatus[] {
  const listed: unknown = Object(pod['status'])[field]
  return Array.isArray(listed) ? (listed as readonly ContainerStatus[]) : []
}

/** The container that failed, and how. */
export interface Found {
  readonly container: string
  readonly isInit: boolean
  readonly waiting?: { readonly reason: string; readonly message: string }
  readonly ended?: Termination
  /** It ended in the attempt before the present one. */
  readonly isPrevious: boolean
}

/** Why a pod cannot serve: its download, its image, its memory or its server. Undefined: nothing failed that it shows. */
export function podFailure(pod: KubeObject): Failure | undefined {
  const found = findFailure(pod)
  const location = pod.metadata.name ?? ''
  if (!found) return undefined
  const { waiting, ended } = found
  if (waiting) {
    const said = waiting.message ? `: ${tail(waiting.message, messageCharsMax)}` : ''
    return { location, reason: 'RuntimeUnhealthy', message: `${found.container}: ${waiting.reason}${said}` }
  }
  return ended && terminationFailure(ended, location)
}

export interface Trouble {
  readonly reason: string
  /** One sentence with the next step. */
  readonly message: string
}

/** What keeps a pod from serving, for a condition. Undefined: nothing that it shows. */
export function podTrouble(pod: KubeObject): Trouble | undefined {
  const name = pod.metadata.name ?? ''
  const found = findFailure(pod)
  if (!found) return schedulingTrouble(pod, name)
  const { waiting, ended, container } = found
  if (waiting) {
    const said = waiting.message ? `: ${lastLine(waiting.message)}` : ''
    const isImage = imageFailures.includes(waiting.reason)
    const what = isImage
      ? `The image of container "${container}" cannot be had`
      : `Container "${container}" cannot start`
    return {
      reason: 'RuntimeUnhealthy',
      message: `${what} (pod ${name}, ${waiting.reason}${said}): ${waitingStep(waiting.reason)}.`,
    }
  }
  return { reason: 'ModelLoadFailed', message: `${endSentence(found, ended ?? {}, name)}.` }
}

function waitingStep(reason: string): string {
  if (reason === 'ErrImageNeverPull') return 'name an image that its node has'
  return imageFailures.includes(reason)
    ? 'correct the image, or name a secret for its registry in imagePullSecrets'
    : 'create what it refers to, or correct the reference'
}

function endSentence({ container, isInit }: Found, ended: Termination, pod: string): string {
  const signal = signals[ended.exitCode ?? 0]
  const line = lastLine(ended.message ?? '')
  const said = line ? `${signal ? ', its last line was' : ':'} ${line}` : ''
  const how = signal ? `ended by ${signal}` : `exit code ${ended.exitCode ?? 'unknown'}`
  const where = `(pod ${pod}, ${how}${said})`
  if (ended.reason === 'OOMKilled') {
    return `Container "${container}" used more memory than its limit and was killed (pod ${pod}): raise resources.limits.memory`
  }
  if (container === containerNames.storageInitializer) {
    return `The model could not be downloaded ${where}: correct its storage URI or credentials, it is tried again by itself`
  }
  if (ended.exitCode === 137) {
    return `Container "${container}" was killed ${where}: look whether the machine is short of memory, it is started again by itself`
  }
  const step = isInit ? 'correct the cause' : 'correct the model or the server’s settings'
  return `Container "${container}" failed ${where}: ${step}, it is tried again by itself`
}

/** A pod that no node takes has failed nothing, and yet will not come by waiting. */
function schedulingTrouble(pod: KubeObject, name: string): Trouble | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled')
  if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') return undefined
  const said = lastLine(scheduled.message ?? '')
  const message = `No node takes pod ${name}${said ? ` (${said})` : ''}: add capacity, or change resources, nodeSelector, affinity or tolerations.`
  return { reason: 'Unschedulable', message }
}

/** The first container of a pod that failed. */
export function findFailure(pod: KubeObject): Found | undefined {
  for (const status of containerStatuses(pod, 'initContainerStatuses')) {
    const found = containerFailure(status, true)
    if (found) return found
  }
  for (const status of containerStatuses(pod, 'containerStatuses')) {
    const isServer = servers.includes(status.name) || labelKeys.inferenceGraph in (pod.metadata.labels ?? {})
    const found = isServer ? containerFailure(status, false) : undefined
    if (found) return found
  }
  return undefined
}

function containerFailure(status: ContainerStatus, isInit: boolean): Found | undefined {
  const { state, lastState, name } = status
  const { reason, message = '' } = state?.waiting ?? {}
  if (reason && waitingFailures.has(reason))
    return { container: name, isInit, waiting: { reason, message }, isPrevious: false }
  const ended = state?.terminated
  if (ended && isFailure(ended)) return { container: name, isInit, ended, isPrevious: false }
  const before = lastState?.terminated
  const isLooping = reason === 'CrashLoopBackOff' || (state?.running && !status.ready)
  return isLooping && before && isFailure(before)
    ? { container: name, isInit, ended: before, isPrevious: true }
    : undefined
}

function isFailure(ended: Termination): boolean {
  return ended.reason === 'Error' || ended.reason === 'OOMKilled' || (ended.exitCode ?? 0) !== 0
}

function terminationFailure(ended: Termination, location: string): Failure {
  const said = tail(ended.message ?? '', messageCharsMax)
  const signal = signals[ended.exitCode ?? 0]
  const cause =
    ended.reason === 'OOMKilled'
      ? 'The container used more memory than its limit and was killed: raise resources.limits.memory.'
      : signal && `The container was ended by ${signal}.`
  const message = cause ? `${cause}${said ? ` It last said: ${said}` : ''}` : said
  return {
    location,
    reason: 'ModelLoadFailed',
    ...(message ? { message } : {}),
    ...(ended.exitCode === undefined ? {} : { exitCode: ended.exitCode }),
    ...(ended.finishedAt ? { time: ended.finishedAt } : {}),
  }
}

/** Programs say what ended them last; what came before is in the model status and in the log. */
function lastLine(said: string): string {
  const lines = said.trimEnd().split('\n')
  const last = lines.at(-1)?.trim() ?? ''
  // Node signs off with its version, below the stack of the error that ended it.
  const error = /^Node\.js v\d/.test(last) ? lines.findLast((line) => /^\w*Error( \[\w+\])?: /.test(line)) : undefined
  const line = error?.trim() ?? last
  return tail(line.replace(/[.:;,]+$/, ''), sentenceCharsMax)
}

function tail(text: string, charsMax: number): string {
  const trimmed = text.trim()
  return trimmed.length <= charsMax ? trimmed : `…${trimmed.slice(-charsMax)}`
}
