import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { readBackup } from '../backup/read-backup.ts'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import { formatValue } from '../output.ts'
import type { Terminal } from '../terminal.ts'

interface BackupOptions extends ConnectionOptions {
  readonly output: string
  readonly onlyNamespace?: readonly string[]
}

export function defineBackup(program: Command, terminal: Terminal): void {
  clientOptions(program.command('backup'))
    .description(
      'Save all objects of ours, and the Secrets, ConfigMaps and ServiceAccounts that they name, in one file.',
    )
    .requiredOption(
      '-o, --output <file>',
      'where to write; readable by its owner only, since it holds Secrets (- for standard output)',
    )
    .option('--only-namespace <name...>', 'these namespaces only')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace backup -o before-upgrade.yaml\n  millrace restore -f before-upgrade.yaml',
    )
    .action((options: BackupOptions) =>
      withClient(options, terminal, async (client) => {
        const { objects, missing } = await readBackup(client, options.onlyNamespace, (kind, count) => {
          if (count > 0) terminal.error(`${String(count).padStart(5)} ${kind}\n`)
        })
        for (const { kind, namespace, name } of missing)
          terminal.error(`note: ${kind} ${namespace}/${name} is named and does not exist\n`)
        const text = objects.map((object) => `---\n${formatValue(object, 'yaml')}`).join('')
        if (options.output === '-') terminal.out(text)
        else writeFileSync(options.output, text, { mode: 0o600 })
        terminal.error(`${objects.length} objects saved${options.output === '-' ? '' : ` in ${options.output}`}\n`)
      }),
    )
}
