/** What a command tells its user before it ends: one or more plain sentences, no stack. */
export class CommandError extends Error {
  readonly exitCode: number
  constructor(message: string, exitCode = 1) {
    super(message)
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}

/** The arguments don't fit the command; the shell sees exit code 2. */
export function usageError(message: string): CommandError {
  return new CommandError(message, 2)
}
