import type { Command } from 'commander'
import { CommandError, usageError } from '../command-error.ts'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import { readManifests } from '../manifest-files.ts'
import { throwProblems } from '../manifest-problems.ts'
import { capabilityNames, parseCapabilities } from '../offline-world.ts'
import { formatTable, formatValue, type OutputFormat, parseOutputFormat } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { type Preview, previewUpgrade } from '../upgrade/preview.ts'

interface UpgradeOptions extends ConnectionOptions {
  readonly preview?: boolean
  readonly filename?: readonly string[]
  readonly capabilities: string
  readonly output: OutputFormat
}

export function defineUpgrade(program: Command, terminal: Terminal): void {
  clientOptions(program.command('upgrade'))
    .description('Say what taking over from KServe (0.20 or older) or an older Millrace would change. Changes nothing.')
    .option('--preview', 'required: this command only looks')
    .option('-f, --filename <file...>', 'files of `kubectl get … -o yaml` in place of a cluster')
    .option(
      '--capabilities <names>',
      `with -f, what the cluster has: ${capabilityNames.join(', ')}, or none`,
      'knative,istio,gateway-api,keda,otel',
    )
    .option('-o, --output <format>', 'table, json or yaml', parseOutputFormat, 'table')
    .addHelpText(
      'after',
      '\nFor -f, dump: kubectl get crd,isvc,servingruntime,clusterservingruntime,inferencegraph,trainedmodel,deploy,ksvc,pod,sa,cm,secret -A -o yaml\nExit code 1: an object would be refused, or a served version would go.\n\nExamples:\n  millrace upgrade --preview --kubeconfig ~/.kube/config\n  millrace upgrade --preview -f dump.yaml -o json',
    )
    .action(async (options: UpgradeOptions) => {
      if (options.preview !== true)
        throw usageError(
          'Add --preview: this command looks and changes nothing. The upgrade itself is installing the new release; docs/install.md says how.',
        )
      const preview = await read(options, terminal)
      terminal.out(options.output === 'table' ? formatPreview(preview) : formatValue(preview, options.output))
      const refused =
        preview.objects.filter((trouble) => trouble.severity === 'error').length +
        preview.services.filter((service) => service.outcome === 'refused').length
      const lost = preview.definitions.filter(({ lostVersions }) => lostVersions.length > 0).length
      if (refused + lost > 0)
        throw new CommandError(`Not safe yet: ${refused} refused, ${lost} definitions lose a served version.`)
    })
}

async function read(options: UpgradeOptions, terminal: Terminal): Promise<Preview> {
  if (options.filename) {
    const { manifests, problems } = readManifests(options.filename, { isDump: true })
    throwProblems(problems)
    return previewUpgrade(
      manifests.map((manifest) => manifest.object),
      parseCapabilities(options.capabilities),
    )
  }
  const { readCluster } = await import('../cluster/read-cluster.ts')
  return withClient(options, terminal, async (client) => {
    const { objects, capabilities } = await readCluster(client, ['definitions', 'pods'])
    return previewUpgrade(objects, capabilities)
  })
}

const changesShown = 8

function formatPreview({ definitions, objects, services }: Preview): string {
  const rolls = services.filter(({ outcome, changes }) => outcome === 'rolls' && changes.length > 0)
  const parts = [
    summary(services),
    section(
      'Definitions',
      ['NAME', 'WHAT'],
      definitions.map(({ name, message }) => [name, message]),
      'none among the objects given',
    ),
    section(
      'Objects that something is said about',
      ['OBJECT', 'SEVERITY', 'WHAT'],
      objects.map(({ object, severity, message }) => [object, severity, message]),
      'none',
    ),
    section(
      'Services',
      ['SERVICE', 'OUTCOME', 'WHY'],
      services.map(({ service, outcome, why }) => [service, outcome, why]),
      'none',
    ),
    ...rolls.map(({ service, changes }) => {
      const rows = changes.slice(0, changesShown).map(({ path, from, to }) => [path, short(from), short(to)])
      const more =
        changes.length > changesShown ? `  … and ${changes.length - changesShown} more; -o json shows all\n` : ''
      return section(`What would change in ${service}`, ['FIELD', 'NOW', 'THEN'], rows, '') + more
    }),
  ]
  return parts.join('\n')
}

/** `12 services and graphs: 9 rolls, 3 same`. */
function summary(services: Preview['services']): string {
  const counts = new Map<string, number>()
  for (const { outcome } of services) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  const parts = [...counts].map(([outcome, count]) => `${count} ${outcome}`)
  return `${services.length} services and graphs${parts.length > 0 ? `: ${parts.join(', ')}` : ''}\n`
}

function section(title: string, header: readonly string[], rows: readonly (readonly string[])[], none: string): string {
  if (rows.length === 0) return `${title}: ${none}\n`
  return `${title}\n${formatTable(header, rows)
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`
}

function short(value: unknown): string {
  const text = value === undefined ? '(absent)' : typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
