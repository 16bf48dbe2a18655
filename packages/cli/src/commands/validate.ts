import type { Command } from 'commander'
import { checkManifests } from '../check-manifests.ts'
import { CommandError } from '../command-error.ts'
import { formatPosition, type ManifestProblem, readManifests } from '../manifest-files.ts'
import { formatProblems } from '../manifest-problems.ts'
import { formatValue, type OutputFormat, parseOutputFormat } from '../output.ts'
import type { Terminal } from '../terminal.ts'

interface ValidateOptions {
  readonly filename: readonly string[]
  readonly output: OutputFormat
}

export function defineValidate(program: Command, terminal: Terminal): void {
  program
    .command('validate')
    .description(
      'Check files without any server: YAML, unknown and missing fields, types, and every rule of admission.',
    )
    .requiredOption('-f, --filename <file...>', 'files or folders, YAML or JSON (- for standard input)')
    .option('-o, --output <format>', 'table, json or yaml', parseOutputFormat, 'table')
    .addHelpText(
      'after',
      '\nEach finding is printed as file:line:column. Exit code 0: nothing is refused; 1: something is.\n\nExample:\n  millrace validate -f model.yaml',
    )
    .action((options: ValidateOptions) => validate(options, terminal))
}

function validate(options: ValidateOptions, terminal: Terminal): void {
  const { manifests, problems } = readManifests(options.filename)
  if (manifests.length + problems.length === 0)
    throw new CommandError(`${options.filename.join(', ')}: no object in it`)
  const { errors, warnings, checked } = checkManifests(manifests)
  const refused: readonly ManifestProblem[] = [...problems, ...errors]
  if (options.output !== 'table') {
    const rows = [
      ...refused.map((problem) => row('error', problem)),
      ...warnings.map((problem) => row('warning', problem)),
    ]
    terminal.out(formatValue({ valid: refused.length === 0, checked, findings: rows }, options.output))
    if (refused.length > 0) throw new CommandError(`${refused.length} refused`)
    return
  }
  for (const problem of refused) terminal.out(`${formatPosition(problem.position)}: error: ${problem.message}\n`)
  if (warnings.length > 0)
    terminal.out(
      `${formatProblems(warnings.map((problem) => ({ ...problem, message: `warning: ${problem.message}` })))}\n`,
    )
  if (refused.length > 0)
    throw new CommandError(
      `${refused.length} ${refused.length === 1 ? 'error' : 'errors'} in ${options.filename.join(', ')}`,
    )
  const others = manifests.length - checked
  const rest = others > 0 ? `; ${others} of other API groups, which an API server checks` : ''
  terminal.out(`${checked} ${checked === 1 ? 'object is' : 'objects are'} valid${rest}\n`)
}

function row(
  severity: 'error' | 'warning',
  problem: ManifestProblem & { readonly finding?: { readonly path: string; readonly rule: string } },
): Readonly<Record<string, unknown>> {
  const { finding, message, position } = problem
  return { severity, ...position, message, ...(finding ? { path: finding.path, rule: finding.rule } : {}) }
}
