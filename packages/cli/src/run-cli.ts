import { Command, CommanderError } from 'commander'
import { CommandError } from './command-error.ts'
import { defineApiserver } from './commands/apiserver.ts'
import { defineApply } from './commands/apply.ts'
import { defineBackup } from './commands/backup.ts'
import { defineConfig } from './commands/config.ts'
import { defineController } from './commands/controller.ts'
import { defineCrd } from './commands/crd.ts'
import { defineDelete } from './commands/delete.ts'
import { defineDescribe } from './commands/describe.ts'
import { defineExplain } from './commands/explain.ts'
import { defineGet } from './commands/get.ts'
import { defineLogs } from './commands/logs.ts'
import { defineMigrate } from './commands/migrate.ts'
import { definePredict } from './commands/predict.ts'
import { defineRender } from './commands/render.ts'
import { defineRestore } from './commands/restore.ts'
import { defineUp } from './commands/up.ts'
import { defineUpgrade } from './commands/upgrade.ts'
import { defineValidate } from './commands/validate.ts'
import type { Terminal } from './terminal.ts'

const description = `Serves machine-learning models described by KServe's YAML, on this machine
or on Kubernetes.

Start here:
  millrace up               start the platform here and serve examples/
  millrace get isvc         what is served, and whether it is ready
  millrace predict NAME -d @input.json    ask a model`

/** Runs one command line. Resolves to the exit code: 0 done, 1 it failed, 2 wrong usage, 130 interrupted. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = new Command('millrace')
    .description(description)
    .version('0.1.0', '-V, --version')
    .showHelpAfterError('(add --help for the options and examples)')
    .enablePositionalOptions()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.error })
    .exitOverride()
  for (const define of [
    defineUp,
    defineApply,
    defineGet,
    defineDescribe,
    defineDelete,
    defineLogs,
    definePredict,
    defineExplain,
    defineValidate,
    defineRender,
    defineBackup,
    defineRestore,
    defineMigrate,
    defineUpgrade,
    defineCrd,
    defineConfig,
    defineController,
    defineApiserver,
  ]) {
    define(program, terminal)
  }
  for (const command of program.commands) command.copyInheritedSettings(program)
  try {
    if (args.length === 0) {
      terminal.out(program.helpInformation())
      return 0
    }
    await program.parseAsync([...args], { from: 'user' })
    return terminal.signal.aborted && !isAskedToEnd(terminal.signal) ? 130 : 0
  } catch (error) {
    return explainFailure(error, terminal)
  }
}

/** SIGTERM is how supervisors end what runs until it is told to: having ended in order is then success. */
function isAskedToEnd({ reason }: AbortSignal): boolean {
  return reason instanceof Error && reason.message === 'SIGTERM'
}

function explainFailure(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (terminal.signal.aborted) return 130
  if (error instanceof CommandError) {
    terminal.error(`${error.message}\n`)
    return error.exitCode
  }
  if (isWorldFailure(error)) {
    terminal.error(`error: ${error.message}\n`)
    return 1
  }
  // Anything else is our own mistake: the stack is what helps whoever mends it.
  terminal.error(
    `This is a bug in millrace:\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  return 70
}

/** The typed errors of our packages, and Node's own for files and sockets, carry a code. */
function isWorldFailure(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
