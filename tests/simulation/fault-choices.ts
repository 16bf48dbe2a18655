import type { Call, Clock } from '@millrace/kube'
import type { SeededRandom } from '@millrace/testkit'
import type { CallFault, Faults, WatchFault } from './faulty-transport.ts'

/** Faults that can be switched off: then everything that is still open heals, as real trouble does in the end. */
export interface SeededFaults extends Faults {
  stop(): void
}

/** How often a call, and how often a watch, meets trouble, and how often a call is the first of many that reach no server. */
export interface FaultRates {
  readonly calls: number
  readonly watches: number
  readonly outages: number
}

const outageMsMax = 3 * 60_000
const unreachable: CallFault = { kind: 'lost', when: 'before', how: 'reset' }

const isWrite = ({ method }: Call): boolean => method !== 'GET' && method !== 'HEAD'

/** Trouble by chance; the same seed gives the same trouble to the same calls. */
export function createSeededFaults(random: SeededRandom, rates: FaultRates, clock: Clock): SeededFaults {
  let isOver = false
  let awayUntilMs = 0
  return {
    call: (call) => {
      if (isOver) return undefined
      if (random.chance(rates.outages)) awayUntilMs = clock.now() + random.below(outageMsMax)
      if (clock.now() < awayUntilMs) return unreachable
      return random.chance(rates.calls) ? chooseCallFault(random, isWrite(call)) : undefined
    },
    watch: () => (!isOver && random.chance(rates.watches) ? chooseWatchFault(random) : undefined),
    stop: () => {
      isOver = true
    },
  }
}

function chooseCallFault(random: SeededRandom, write: boolean): CallFault {
  const when = random.pick(['before', 'after'] as const)
  const choices: readonly CallFault[] = [
    { kind: 'refused', status: 429, retryAfterSeconds: 1 + random.below(3) },
    { kind: 'refused', status: random.pick([500, 503, 504]) },
    { kind: 'lost', when, how: 'reset' },
    { kind: 'lost', when, how: 'silence' },
    { kind: 'slow', when, ms: 50 + random.below(8_000) },
  ]
  const conflict: CallFault = { kind: 'refused', status: 409 }
  return random.pick(write ? [...choices, conflict] : choices)
}

function chooseWatchFault(random: SeededRandom): WatchFault {
  const events = random.below(12)
  return random.pick<WatchFault>([
    { lagMs: 100 + random.below(15_000) },
    { isDoubled: true },
    { cutAfter: events },
    { deafAfter: events },
    { expireAfter: events },
    { isDoubled: true, lagMs: random.below(2_000), cutAfter: events },
  ])
}

/** One chosen call meets one chosen fault. */
export function createNthFault(nth: number, fault: CallFault): Faults {
  let calls = 0
  return {
    call: () => (++calls === nth ? fault : undefined),
    watch: () => undefined,
  }
}
