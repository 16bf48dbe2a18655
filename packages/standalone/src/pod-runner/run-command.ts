import { type Command, startProcessGroup } from './process-group.ts'

const outputBytesMax = 1024

/**
 * Runs a command beside a container, with the container's environment and directory, as an exec probe or hook does.
 * When the signal aborts, the command's whole group is killed. Rejects when the command cannot be started.
 */
export async function runCommand(
  beside: Command,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const group = await startProcessGroup({ ...beside, argv })
  let output = ''
  for (const stream of [group.stdout, group.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      output = (output + text).slice(0, outputBytesMax)
    })
  }
  const kill = () => group.signal('SIGKILL')
  if (signal.aborted) kill()
  signal.addEventListener('abort', kill, { once: true })
  const { exitCode } = await group.exited
  signal.removeEventListener('abort', kill)
  return { exitCode, output: output.replaceAll('\n', ' ').trim() }
}
