import type { Transport } from '@millrace/kube'
import { aborted } from './simulated-api-server.ts'

/** The connection of a process that may die at any moment. */
export interface MortalTransport extends Transport {
  readonly calls: number
  /** Dies with its `nth` call from the start: before the server hears of it, or after it has done it. */
  dieAt(nth: number, when: 'before' | 'after', died: () => void): void
  /** Nothing of this process reaches the server from now on. */
  die(): void
}

export function createMortalTransport(inner: Transport): MortalTransport {
  const death = new AbortController()
  let calls = 0
  let fate: { readonly nth: number; readonly when: 'before' | 'after'; readonly died: () => void } | undefined
  const live = async <T>(what: string, perform: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    if (death.signal.aborted) throw aborted(what)
    calls++
    const own = fate?.nth === calls ? fate : undefined
    const end = (): never => {
      death.abort()
      own?.died()
      throw aborted(what)
    }
    if (own?.when === 'before') return end()
    const answer = await perform(death.signal)
    if (own) return end()
    if (death.signal.aborted) throw aborted(what)
    return answer
  }
  return {
    get calls() {
      return calls
    },
    send: (call, deadlineMs) => live(call.what, () => inner.send(call, deadlineMs)),
    open: (call) =>
      live(call.what, (signal) =>
        inner.open({ ...call, signal: call.signal ? AbortSignal.any([call.signal, signal]) : signal }),
      ),
    close: () => inner.close(),
    dieAt: (nth, when, died) => {
      fate = { nth, when, died }
    },
    die: () => death.abort(),
  }
}
