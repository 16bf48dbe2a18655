import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  annotationBytesMax,
  type CrdSizeRecord,
  type CrdVariant,
  crds,
  type CustomResourceDefinition,
  type InstallGroup,
  isNearBudget,
  kinds,
} from '@millrace/api'
import type { Command } from 'commander'
import { CommandError, usageError } from '../command-error.ts'
import { foreignSize, overBudget, ownSizes, type SizeRow, sizeTable } from '../crd-size-report.ts'
import { didYouMean } from '../did-you-mean.ts'
import { readManifests } from '../manifest-files.ts'
import { throwProblems } from '../manifest-problems.ts'
import { formatValue, type OutputFormat, parseOutputFormat } from '../output.ts'
import { controllerNamespace } from '../platform/bootstrap.ts'
import type { Terminal } from '../terminal.ts'

/** Sizes of this checkout and of the last release; a package that is installed alone has none. */
const recordFile = join(dirname(fileURLToPath(import.meta.url)), '../../../../deploy/crd-sizes.json')

export function defineCrd(program: Command, terminal: Terminal): void {
  const crd = program.command('crd').description('Our CustomResourceDefinitions: what they weigh, and their text.')
  crd
    .command('size')
    .description(
      'Say what CRDs weigh as the annotation that kubectl apply writes, what in them weighs most, and how that was in the last release.',
    )
    .option('-f, --filename <file...>', 'CRDs of other origin, in place of ours')
    .option('--subtrees <count>', 'how many of the largest subtrees to name for each', parseCount, 8)
    .option('-o, --output <format>', 'table, json or yaml', parseOutputFormat, 'table')
    .addHelpText(
      'after',
      `\nKubernetes allows ${annotationBytesMax} bytes for all annotations of an object together. Exit code 1: one is over its budget.\n\nExamples:\n  millrace crd size\n  millrace crd size -f other-crd.yaml --subtrees 20`,
    )
    .action((options: SizeOptions) => sizeCommand(options, terminal))
  crd
    .command('print')
    .description('Print our CRDs as YAML, for kubectl apply.')
    .option('--variant <name>', 'full: pods typed, all explained; minimal: below 16 KiB each', parseVariant, 'full')
    .option(
      '--groups <names>',
      'core, graph, multi-model, local-model; separated by commas',
      parseGroups,
      installGroups,
    )
    .option('--preview', 'with the versions in preview (InferenceService v1), which the controller converts')
    .option('--namespace <name>', 'of the controller, for --preview', controllerNamespace)
    .addHelpText('after', '\nExample:\n  millrace crd print --variant minimal --groups core | kubectl apply -f -')
    .action((options: PrintOptions) => terminal.out(printed(options)))
}

interface SizeOptions {
  readonly filename?: readonly string[]
  readonly subtrees: number
  readonly output: OutputFormat
}

interface PrintOptions {
  readonly variant: CrdVariant
  readonly groups: readonly InstallGroup[]
  readonly preview?: boolean
  readonly namespace: string
}

const installGroups: readonly InstallGroup[] = ['core', 'graph', 'multi-model', 'local-model']

function parseCount(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw usageError(`${text}: a number of subtrees is expected`)
  return Number(text)
}

function parseVariant(text: string): CrdVariant {
  if (text === 'full' || text === 'minimal') return text
  throw usageError(`--variant ${text}: there are full and minimal`)
}

function parseGroups(text: string): readonly InstallGroup[] {
  return text.split(',').map((name) => {
    const found = installGroups.find((one) => one === name.trim())
    if (found) return found
    throw usageError(`--groups ${name}: there are ${installGroups.join(', ')}.${didYouMean(name, installGroups)}`)
  })
}

function printed({ variant, groups, preview, namespace }: PrintOptions): string {
  const service = { namespace, name: 'millrace-webhook', path: '/convert', port: 443 }
  const options = preview ? { preview: { conversion: { service } } } : {}
  const wanted = kinds.filter(({ installGroup }) => groups.includes(installGroup))
  return crds(variant, wanted, options)
    .map((one) => `---\n${formatValue(one, 'yaml')}`)
    .join('')
}

function sizeCommand(options: SizeOptions, terminal: Terminal): void {
  const record = readRecord()
  const rows = options.filename ? sizesOfFiles(options.filename) : sizesOfOurs(record)
  const shown = rows.map((row) => ({ ...row, largest: row.largest.slice(0, options.subtrees) }))
  if (options.output === 'table') terminal.out(sizeTable(shown, record?.lastRelease?.version))
  else terminal.out(formatValue(shown, options.output))
  const over = rows.filter(({ bytes, budget }) => bytes > budget)
  for (const row of rows) {
    if (over.includes(row) || !isNearBudget(row.bytes, row.budget)) continue
    terminal.error(`warning: ${row.name} (${row.form}) has ${row.percent} % of its budget\n`)
  }
  if (over.length > 0) throw new CommandError(over.map(overBudget).join('\n'))
}

/** The compiler itself refuses to make one that is over its budget, and says what in it is large. */
function sizesOfOurs(record: CrdSizeRecord | undefined): readonly SizeRow[] {
  try {
    return ownSizes(record)
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error))
  }
}

function sizesOfFiles(files: readonly string[]): readonly SizeRow[] {
  const { manifests, problems } = readManifests(files)
  throwProblems(problems)
  const found = manifests.filter(({ object }) => object.kind === 'CustomResourceDefinition')
  if (found.length === 0) throw new CommandError(`${files.join(', ')}: no CustomResourceDefinition in it`)
  return found.map(({ object }) => {
    const { versions } = Object(object['spec']) as { readonly versions?: unknown }
    if (!Array.isArray(versions) || versions.some((version) => !Object(Object(version).schema).openAPIV3Schema)) {
      throw new CommandError(`${object.metadata.name}: spec.versions with a schema each is expected`)
    }
    // It has what is measured; what else is missing weighs nothing.
    return foreignSize(object as unknown as CustomResourceDefinition)
  })
}

function readRecord(): CrdSizeRecord | undefined {
  // Written by `npm run update` next to this checkout.
  return existsSync(recordFile) ? (JSON.parse(readFileSync(recordFile, 'utf8')) as CrdSizeRecord) : undefined
}
