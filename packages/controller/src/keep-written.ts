import { type Clock, type Informer, type InformerSet, sleep } from '@millrace/kube'

/** What keeps something of ours in objects of the API server, until it is closed. */
export interface Keeper {
  /** Resolves when all was written the first time. */
  readonly done: Promise<void>
  /** What shall stand there is another one. */
  changed(): void
  close(): Promise<void>
}

const retryMs = 2_000
const lookAgainMs = 60_000

/** Writes when an informer tells of a change, when it is told so, and again after a while. `write` says whether all stands. */
export function keepWritten(
  informers: Pick<InformerSet, 'close'>,
  followed: readonly Pick<Informer, 'onChange' | 'synced'>[],
  clock: Clock,
  write: (signal: AbortSignal) => Promise<boolean>,
): Keeper {
  const abort = new AbortController()
  const done = Promise.withResolvers<void>()
  let due = new AbortController()
  const wake = () => due.abort()
  for (const informer of followed) {
    informer.onChange(wake)
    void informer.synced.then(wake)
  }
  const run = async () => {
    while (!abort.signal.aborted) {
      due = new AbortController()
      const isWritten = await write(abort.signal)
      if (isWritten) done.resolve()
      await sleep(clock, isWritten ? lookAgainMs : retryMs, AbortSignal.any([due.signal, abort.signal]))
    }
  }
  const running = run()
  return {
    done: done.promise,
    changed: wake,
    close: async () => {
      abort.abort()
      await running
      await informers.close()
    },
  }
}
