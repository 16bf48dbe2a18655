import type { Clock, EventContent, Log } from '@millrace/kube'
import type { RolloutCounts } from './rollout-turns.ts'

export interface RolloutNewsOptions {
  readonly clock: Clock
  readonly log: Log
  /** Writes an event about the configuration. */
  readonly record: (event: EventContent) => void
  readonly metric: (counts: RolloutCounts) => void
}

export interface RolloutNews {
  tell(counts: RolloutCounts): void
  /** Takes over from whoever worked before: what stands still now is no news. */
  begin(counts: RolloutCounts): void
}

/** How a wave goes on is told this often at most. */
const progressMs = 60_000
const namesMax = 3

/** Tells how the waves go: begun, going on, stopped, going on again, done. */
export function createRolloutNews(options: RolloutNewsOptions): RolloutNews {
  const { clock, log, record, metric } = options
  let hasBegun = false
  let stoppedFor = ''
  let told = { waiting: 0, atMs: 0 }

  const write = (type: EventContent['type'], reason: string, message: string, counts: RolloutCounts) => {
    const { rolling, waiting, failed } = counts
    log[type === 'Warning' ? 'warn' : 'info'](message, { rolling, waiting, failed: failed.slice(0, namesMax) })
    record({ type, reason, message: `${message}: ${sentence(counts)}` })
    told = { waiting, atMs: clock.elapsed() }
  }
  const tell = (counts: RolloutCounts) => {
    metric(counts)
    const { waiting, rolling, failed } = counts
    const broken = failed.join(', ')
    if (broken !== '') {
      if (broken !== stoppedFor)
        write('Warning', 'RolloutStopped', 'A change made services fail and goes no further', counts)
    } else if (stoppedFor !== '') write('Normal', 'RolloutResumed', 'The services that failed are ready', counts)
    else if (!hasBegun && waiting > 0)
      write('Normal', 'RolloutStarted', 'A change replaces the pods of services, some at a time', counts)
    else if (hasBegun && waiting === 0 && rolling === 0)
      write('Normal', 'RolloutDone', 'The change has reached the pods of all services', counts)
    else if (waiting !== told.waiting && waiting > 0 && clock.elapsed() - told.atMs >= progressMs)
      write('Normal', 'RolloutProgress', 'A change goes on to the next services', counts)
    stoppedFor = broken
    hasBegun = waiting > 0 || (hasBegun && (rolling > 0 || broken !== ''))
  }
  return {
    tell,
    begin: (counts) => {
      metric(counts)
      stoppedFor = counts.failed.join(', ')
    },
  }
}

function sentence({ rolling, waiting, failed }: RolloutCounts): string {
  const numbers = `${rolling} under way, ${waiting} wait`
  if (failed.length === 0) return `${numbers}.`
  const names = failed.slice(0, namesMax).join(', ')
  const more = failed.length > namesMax ? ` and ${failed.length - namesMax} more` : ''
  return `${numbers}. Not ready: ${names}${more}. It goes on when they are; millrace explain says what is wrong.`
}
