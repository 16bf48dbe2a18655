import type { Call, Transport } from '@millrace/kube'
import type { VirtualClock } from '@millrace/testkit'

/** One call that reached the server, whoever made it. */
export interface TracedCall {
  readonly atMs: number
  readonly who: string
  readonly method: string
  readonly path: string
  /** 0: no answer. */
  readonly status: number
  readonly text: string
  readonly body: string | undefined
}

/** Notes every call with its answer. */
export function traceCalls(
  inner: Transport,
  who: string,
  { clock, trace }: { readonly clock: VirtualClock; readonly trace: TracedCall[] },
): Transport {
  const note = (call: Call, status: number, text: string): void => {
    const { method, path, body } = call
    trace.push({ atMs: clock.now(), who, method, path, status, text, body })
  }
  return {
    send: async (call, deadlineMs) => {
      const answer = await inner.send(call, deadlineMs)
      note(call, answer.status, answer.text)
      return answer
    },
    open: async (call) => {
      const answer = await inner.open(call)
      note(call, answer.status, '')
      return answer
    },
    close: () => inner.close(),
  }
}

/** So many calls in one moment are a loop that never waits, and would never end. */
const callsPerMomentMax = 1_000

export function throwIfHot(trace: readonly TracedCall[], lines: readonly string[]): void {
  const [last, earlier] = [trace.at(-1), trace.at(-callsPerMomentMax)]
  if (!last || last.atMs !== earlier?.atMs) return
  const calls = trace.slice(-8).map(({ who, method, path, status }) => `${who}: ${method} ${path} → ${status}`)
  const said = [...calls, ...lines.slice(-12)].join('\n')
  throw new HotLoop(`${callsPerMomentMax} calls in one moment; the last of them, and of the log:\n${said}`)
}

/** Somebody calls and calls and never waits: the simulation ends here. */
export class HotLoop extends Error {}
