import type { Command } from 'commander'
import { CommandError, usageError } from '../command-error.ts'
import { formatConfigPreview, summaryOf } from '../config/format-preview.ts'
import { readNewConfiguration } from '../config/new-configuration.ts'
import { type ConfigPreview, previewConfig } from '../config/preview.ts'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import { readManifests } from '../manifest-files.ts'
import { throwProblems } from '../manifest-problems.ts'
import { capabilityNames, parseCapabilities } from '../offline-world.ts'
import { formatValue, type OutputFormat, parseOutputFormat } from '../output.ts'
import type { Terminal } from '../terminal.ts'

interface DiffOptions extends ConnectionOptions {
  readonly filename: readonly string[]
  readonly capabilities: string
  readonly output: OutputFormat
}

const help = `
The first file holds the new ConfigMap inferenceservice-config. Without further files the services of the cluster are
looked at; with them, those in the files, beside the configuration that is in them (else the shipped one). Nothing is changed.

Outcomes:
  rolls     its pods would be replaced; fields of pods are marked (pods)
  changes   something of it would change, and no pod be replaced
  refused   it could not be rendered any longer; it would stay as it is and say so
  mended    it could be rendered again

Exit code: 0 nothing would change, 1 something would, 2 the configuration or something else is wrong.

Examples:
  millrace config diff -f new.yaml                         against the cluster, or the running \`millrace up\`
  millrace config diff -f new.yaml -f services.yaml        offline
  kubectl get cm,isvc,ig,servingruntime,clusterservingruntime,sa -A -o yaml > dump.yaml
  millrace config diff -f new.yaml -f dump.yaml -o json`

export function defineConfig(program: Command, terminal: Terminal): void {
  const config = program.command('config').description('The configuration of a cluster: what a change of it would do.')
  clientOptions(config.command('diff'))
    .description(
      'Say which settings a new inferenceservice-config changes, which services, and whose pods it replaces.',
    )
    .requiredOption('-f, --filename <file...>', 'the new configuration; then, to work offline, services or a dump')
    .option(
      '--capabilities <names>',
      `offline, what the cluster has: ${capabilityNames.join(', ')}, or none`,
      'knative,istio,gateway-api,keda,otel',
    )
    .option('-o, --output <format>', 'table, json or yaml', parseOutputFormat, 'table')
    .addHelpText('after', help)
    .action((options: DiffOptions) => diff(options, terminal))
}

async function diff(options: DiffOptions, terminal: Terminal): Promise<void> {
  const preview = await asTrouble(() => read(options, terminal))
  terminal.out(options.output === 'table' ? formatConfigPreview(preview) : formatValue(preview, options.output))
  if (preview.settings.length + preview.services.length > 0) throw new CommandError(summaryOf(preview), 1)
}

/** As diff has it: 1 says that there are differences, so that whatever else is wrong must say 2. */
async function asTrouble<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof CommandError) throw new CommandError(error.message, 2)
    if (error instanceof Error && 'code' in error) throw usageError(`error: ${error.message}`)
    throw error
  }
}

async function read(options: DiffOptions, terminal: Terminal): Promise<ConfigPreview> {
  const [file = '', ...others] = options.filename
  const { object, parsed, warnings } = readNewConfiguration(file)
  for (const warning of warnings) terminal.error(`${warning}\n`)
  const next = { object, config: parsed.config }
  if (others.length > 0) {
    const { manifests, problems } = readManifests(others)
    throwProblems(problems)
    const given = manifests.map((manifest) => manifest.object)
    const capabilities = parseCapabilities(options.capabilities)
    return previewConfig(given, next, { namespace: options.namespace ?? 'default', capabilities })
  }
  const { readCluster } = await import('../cluster/read-cluster.ts')
  return withClient(options, terminal, async (client, namespace) => {
    const { objects, capabilities } = await readCluster(client)
    return previewConfig(objects, next, { namespace, capabilities })
  })
}
