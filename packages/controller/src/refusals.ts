import { conditionTypes, labels as labelKeys } from '@millrace/api'
import type { KubeError, KubeObject } from '@millrace/kube'
import type { Problem, RenderResult } from '@millrace/render'

/** A child that was not written as it was to be. */
export interface FailedWrite {
  readonly object: KubeObject
  readonly attempt: 'written' | 'deleted'
  readonly error: KubeError
}

/** What API servers do not take of a service's children, told where its user looks. */
export interface Refusals {
  /** The outcome of a run as the status shall tell it. */
  told(run: RunOutcome): RenderResult
  forget(key: string): void
}

interface RunOutcome {
  readonly key: string
  readonly service: KubeObject
  readonly rendered: RenderResult
  readonly failures: readonly FailedWrite[]
  /** Of a clock that does not jump. */
  readonly elapsedMs: number
}

/** What is over in a moment is no news. */
const failingMsMin = 5_000
/** The reason of KServe's event in the same case. */
const serverFailed = 'InternalError'

export function createRefusals(): Refusals {
  /** Services with a child that was not written in any run since, for something that may be over soon. */
  const failingSince = new Map<string, number>()
  return {
    told: ({ key, service, rendered, failures, elapsedMs }) => {
      const refused = failures.find(({ error }) => isRefusal(error))
      const failed = failures.find(({ error }) => mayPass(error))
      const since = failingSince.get(key) ?? elapsedMs
      if (failed) failingSince.set(key, since)
      else failingSince.delete(key)
      if (!rendered.ok) return rendered
      if (refused) return withProblem(rendered, problemOf(refused))
      if (!failed) return rendered
      const problem = problemOf(failed)
      // Told before a restart, it has lasted.
      const isLasting = elapsedMs - since >= failingMsMin || says(service, problem.reason)
      return isLasting ? withProblem(rendered, problem) : rendered
    },
    forget: (key) => void failingSince.delete(key),
  }
}

function isRefusal(error: KubeError): boolean {
  const { retryable, code } = error
  return !retryable && code !== 'Aborted' && code !== 'Conflict' && !mayPass(error)
}

/** Not found is a kind that is just being removed: a moment later its absence is known, and told as such. */
function mayPass(error: KubeError): boolean {
  return isServerFailure(error) || error.code === 'NotFound'
}

/** It answers, and not because it has too much to do: this one call it cannot answer, such as when a webhook of somebody's is away. */
function isServerFailure({ httpStatus }: KubeError): boolean {
  return httpStatus !== undefined && httpStatus >= 500
}

function withProblem({ decisions, facts }: RenderResult, problem: Problem): RenderResult {
  return { ok: false, problem, decisions, facts }
}

function problemOf({ object, attempt, error }: FailedWrite): Problem {
  const reason = isServerFailure(error) ? serverFailed : `${object.kind}Refused`
  const message = `${object.kind} ${object.metadata.name} could not be ${attempt}: ${withoutLocalPort(error.message)}`
  return { reason, message, condition: conditionFor(object) }
}

/** `read tcp 10.0.0.1:53422->10.0.0.2:443` has another port each time, and would be news each time. */
function withoutLocalPort(message: string): string {
  return message.replaceAll(/\S+:\d+->(?=\S+:\d)/g, '')
}

const waysIn = new Set(['Ingress', 'HTTPRoute', 'VirtualService'])
const conditionOfComponent: Readonly<Record<string, string>> = {
  transformer: conditionTypes.transformerReady,
  explainer: conditionTypes.explainerReady,
}

/** Of the part of the service that the child is for. */
function conditionFor({ kind, metadata: { labels } }: KubeObject): string {
  if (waysIn.has(kind)) return conditionTypes.ingressReady
  return conditionOfComponent[labels?.[labelKeys.component] ?? ''] ?? conditionTypes.predictorReady
}

function says({ status }: KubeObject, reason: string): boolean {
  const conditions: unknown = Object(status).conditions
  return Array.isArray(conditions) && conditions.some((condition: unknown) => Object(condition).reason === reason)
}
