/** Counts requests: a few additions per request, text only when somebody asks. */
export interface GatewayMetrics {
  /** One request more: the status that the client got, and how long it took. */
  count(status: number, milliseconds: number): void
  /** Prometheus text format. */
  text(): string
}

/** Upper bounds in seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export function createGatewayMetrics(): GatewayMetrics {
  const byStatus = new Map<number, number>()
  const inBucket = new Float64Array(buckets.length + 1)
  let seconds = 0
  let total = 0
  return {
    count(status, milliseconds) {
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
      const took = milliseconds / 1000
      let index = 0
      while (index < buckets.length && took > (buckets[index] ?? 0)) index += 1
      inBucket[index] = (inBucket[index] ?? 0) + 1
      seconds += took
      total += 1
    },
    text() {
      const lines = [
        '# HELP millrace_gateway_requests_total Requests by status code; 499 is a client that went away.',
        '# TYPE millrace_gateway_requests_total counter',
        ...[...byStatus].map(([status, count]) => `millrace_gateway_requests_total{code="${status}"} ${count}`),
        '# HELP millrace_gateway_request_duration_seconds Time from the request to the end of its answer.',
        '# TYPE millrace_gateway_request_duration_seconds histogram',
      ]
      let sum = 0
      for (const [index, bound] of [...buckets, '+Inf'].entries()) {
        sum += inBucket[index] ?? 0
        lines.push(`millrace_gateway_request_duration_seconds_bucket{le="${bound}"} ${sum}`)
      }
      lines.push(`millrace_gateway_request_duration_seconds_sum ${seconds}`)
      lines.push(`millrace_gateway_request_duration_seconds_count ${total}`)
      return `${lines.join('\n')}\n`
    },
  }
}
