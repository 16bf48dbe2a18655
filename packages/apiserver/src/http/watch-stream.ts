import type { ServerResponse } from 'node:http'

/** Lines written to one client in order, with a bound on what a slow client may leave waiting. */
export interface WatchStream {
  send(line: Buffer | Promise<Buffer>): void
  /** Resolves when the client has taken most of what was sent: for states too large to leave waiting. */
  drained(): Promise<void>
  /** Sends a line again and again until the end. */
  every(periodMs: number, makeLine: () => Buffer): void
  /** A last line to send when the time is over. */
  beforeTimeout(makeLine: () => Buffer | undefined): void
  onEnd(action: () => void): void
  end(): void
  /** Resolves when the stream has ended, for whatever reason. */
  readonly ended: Promise<void>
}

/** What a client may leave unread of changes before its watch is cut; it then starts again from its last resourceVersion. */
const drainAboveBytes = 1024 * 1024
const unreadBytesMax = 16 * 1024 * 1024

export function openWatchStream(
  response: ServerResponse,
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
): WatchStream {
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const endActions: (() => void)[] = []
  let lastLine: (() => Buffer | undefined) | undefined
  let order: Promise<void> | undefined
  let hasEnded = false

  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' })
  response.flushHeaders()

  const timer = setTimeout(() => {
    const line = lastLine?.()
    if (line) send(line)
    end()
  }, options.timeoutMs)
  timer.unref()
  endActions.push(() => clearTimeout(timer))

  function write(line: Buffer): void {
    if (hasEnded) return
    response.write(line)
    if (response.writableLength > unreadBytesMax) {
      response.destroy()
      finish()
    }
  }

  /** A line that is still being made holds up those after it, so their order stays. */
  function send(line: Buffer | Promise<Buffer>): void {
    if (hasEnded) return
    if (!order && Buffer.isBuffer(line)) {
      write(line)
      return
    }
    const turn: Promise<void> = Promise.all([line, order]).then(
      ([ready]) => {
        write(ready)
        if (order === turn) order = undefined
      },
      () => {
        response.destroy()
        finish()
      },
    )
    order = turn
  }

  function end(): void {
    const waiting = order ?? Promise.resolve()
    void waiting.then(() => {
      if (!hasEnded) response.end()
      finish()
    })
  }

  function finish(): void {
    if (hasEnded) return
    hasEnded = true
    options.signal.removeEventListener('abort', end)
    for (const action of endActions) action()
    resolve()
  }

  response.on('close', finish)
  options.signal.addEventListener('abort', end)
  if (options.signal.aborted) end()

  return {
    send,
    end,
    ended,
    drained: async () => {
      if (order) await order
      if (hasEnded || response.writableLength < drainAboveBytes) return
      const { promise: drain, resolve: onDrain } = Promise.withResolvers<void>()
      response.once('drain', onDrain)
      await Promise.race([drain, ended])
      response.off('drain', onDrain)
    },
    every: (periodMs, makeLine) => {
      const interval = setInterval(() => send(makeLine()), periodMs)
      interval.unref()
      endActions.push(() => clearInterval(interval))
    },
    beforeTimeout: (makeLine) => {
      lastLine = makeLine
    },
    onEnd: (action) => {
      if (hasEnded) action()
      else endActions.push(action)
    },
  }
}
