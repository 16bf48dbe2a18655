/** Where a command reads and writes. Tests pass their own; nothing in a command touches the process. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
  /** The error stream is a terminal: progress may be redrawn in place and coloured. */
  readonly isInteractive: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
}

export function processTerminal(signal: AbortSignal): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    error: (text) => void process.stderr.write(text),
    isInteractive:
      process.stderr.isTTY === true && process.env.TERM !== 'dumb' && !process.env.NO_COLOR && !process.env.CI,
    environment: process.env,
    workingDirectory: process.cwd(),
    signal,
  }
}
