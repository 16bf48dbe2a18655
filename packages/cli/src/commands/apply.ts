import type { Command } from 'commander'
import { applyManifests } from '../apply-manifests.ts'
import { CommandError } from '../command-error.ts'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import { readConfig } from '../cluster/live-settings.ts'
import { readManifests } from '../manifest-files.ts'
import { formatProblems, throwProblems } from '../manifest-problems.ts'
import { checkManifests, tellNewWarnings } from '../check-manifests.ts'
import type { Terminal } from '../terminal.ts'

interface ApplyOptions extends ConnectionOptions {
  readonly filename: readonly string[]
  readonly forceConflicts?: boolean
  readonly dryRun?: boolean
}

/** The field manager of people at the command line; the controller has its own. */
export const commandFieldManager = 'millrace-cli'

export function defineApply(program: Command, terminal: Terminal): void {
  clientOptions(program.command('apply'))
    .description('Create or change objects so that they are as the files say (server-side apply).')
    .requiredOption('-f, --filename <file...>', 'files or folders, YAML or JSON (- for standard input)')
    .option('--force-conflicts', 'take over fields that another tool owns')
    .option('--dry-run', 'let the server check everything and change nothing')
    .addHelpText(
      'after',
      '\nEverything is validated before anything is sent.\n\nExamples:\n  millrace apply -f examples/\n  millrace apply -f model.yaml -n team-a',
    )
    .action((options: ApplyOptions) =>
      withClient(options, terminal, async (client, namespace) => {
        const { manifests, problems } = readManifests(options.filename)
        throwProblems(problems)
        const { errors, warnings } = checkManifests(manifests, await readConfig(client))
        if (warnings.length > 0) terminal.error(`${formatProblems(warnings)}\n`)
        throwProblems(errors)
        if (manifests.length === 0) throw new CommandError(`${options.filename.join(', ')}: no object in it`)
        await applyManifests(client, manifests, {
          namespace,
          fieldManager: commandFieldManager,
          force: options.forceConflicts === true,
          dryRun: options.dryRun === true,
          signal: terminal.signal,
          onWarning: tellNewWarnings(warnings, (text) => terminal.error(`${text}\n`)),
          onApplied: ({ resource, object, outcome }) => {
            const type =
              resource.group === '' ? resource.kind.toLowerCase() : `${resource.kind.toLowerCase()}.${resource.group}`
            terminal.out(`${type}/${object.metadata.name} ${outcome}${options.dryRun === true ? ' (dry run)' : ''}\n`)
          },
        })
      }),
    )
}
