import type { AnswerFacts } from '@millrace/kube'
import { convertPath } from './convert.ts'
import type { Families } from './metric-families.ts'

/** Calls that we make and that are made to us, as client-go and controller-runtime name them. */
export interface CallMetrics {
  /** The API server has answered. */
  answered(facts: AnswerFacts): void
  /** A webhook was called at the path; what it gives is told the status of the answer. */
  webhook(path: string): (httpStatus: number) => void
}

export function createCallMetrics({ counter, gauge, histogram }: Families): CallMetrics {
  const requests = counter('rest_client_requests_total', 'Calls of the API server, by answer.', [
    'code',
    'method',
    'host',
  ])
  const requestSeconds = histogram(
    'rest_client_request_duration_seconds',
    'How long the API server took for a call; for a watch, until it began.',
    ['verb', 'host'],
  )
  const reviews = counter('controller_runtime_webhook_requests_total', 'Calls of webhooks, by answer.', [
    'webhook',
    'code',
  ])
  const reviewSeconds = histogram('controller_runtime_webhook_latency_seconds', 'How long webhooks took.', ['webhook'])
  const inFlight = gauge('controller_runtime_webhook_requests_in_flight', 'Calls of webhooks right now.', ['webhook'])
  const panics = counter('controller_runtime_webhook_panics_total', 'Calls of webhooks that met a bug.', [])
  const conversionPanics = counter(
    'controller_runtime_conversion_webhook_panics_total',
    'Conversions that met a bug.',
    [],
  )
  return {
    answered: ({ method, host, httpStatus, seconds }) => {
      requests.inc({ code: httpStatus === undefined ? '<error>' : String(httpStatus), method, host })
      requestSeconds.observe({ verb: method, host }, seconds)
    },
    webhook: (webhook) => {
      const timer = reviewSeconds.startTimer({ webhook })
      inFlight.inc({ webhook })
      return (httpStatus) => {
        timer()
        inFlight.dec({ webhook })
        reviews.inc({ webhook, code: String(httpStatus) })
        // What is wrong with a review is said in the answer to it: only what we did not foresee is a 500.
        if (httpStatus === 500) (webhook === convertPath ? conversionPanics : panics).inc()
      }
    },
  }
}
