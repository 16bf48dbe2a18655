import { CommandError } from './command-error.ts'
import { formatPosition, type ManifestProblem } from './manifest-files.ts'

/** `file:line:column: message`, a line each. */
export function formatProblems(problems: readonly ManifestProblem[]): string {
  return problems.map(({ position, message }) => `${formatPosition(position)}: ${message}`).join('\n')
}

/** Ends the command when files could not be read as they stand: nothing of them is sent. */
export function throwProblems(problems: readonly ManifestProblem[]): void {
  if (problems.length > 0) throw new CommandError(formatProblems(problems))
}
