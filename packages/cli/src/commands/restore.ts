import type { Command } from 'commander'
import { restoreObjects } from '../backup/restore-objects.ts'
import { CommandError } from '../command-error.ts'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import { readManifests } from '../manifest-files.ts'
import { throwProblems } from '../manifest-problems.ts'
import type { Terminal } from '../terminal.ts'

interface RestoreCommandOptions extends ConnectionOptions {
  readonly filename: readonly string[]
  readonly overwrite?: boolean
  readonly dryRun?: boolean
}

export function defineRestore(program: Command, terminal: Terminal): void {
  clientOptions(program.command('restore'))
    .description(
      'Bring back what `millrace backup` saved. What is there already is kept; run it again after an interruption.',
    )
    .requiredOption('-f, --filename <file...>', 'the file of a backup')
    .option('--overwrite', 'make existing objects as they were')
    .option('--dry-run', 'let the server check everything and change nothing')
    .addHelpText('after', '\nExample:\n  millrace restore -f before-upgrade.yaml --dry-run')
    .action((options: RestoreCommandOptions) =>
      withClient(options, terminal, async (client) => {
        const { manifests, problems } = readManifests(options.filename, { isDump: true })
        throwProblems(problems)
        let skipped = 0
        await restoreObjects(
          client,
          manifests.map((manifest) => manifest.object),
          {
            overwrite: options.overwrite === true,
            dryRun: options.dryRun === true,
            signal: terminal.signal,
            onRestored: ({ kind, metadata }, outcome, note) => {
              if (outcome === 'skipped') skipped++
              const place = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
              terminal.out(`${kind} ${place} ${outcome}${note === undefined ? '' : `: ${note}`}\n`)
            },
          },
        )
        if (skipped > 0)
          throw new CommandError(
            `${skipped} ${skipped === 1 ? 'object was' : 'objects were'} skipped; the lines above say why.`,
          )
      }),
    )
}
