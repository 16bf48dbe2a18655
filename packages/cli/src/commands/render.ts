import { type Decision, render } from '@millrace/render'
import type { KubeObject } from '@millrace/kube'
import type { Command } from 'commander'
import { checkManifests } from '../check-manifests.ts'
import { CommandError } from '../command-error.ts'
import { formatPosition, readManifests } from '../manifest-files.ts'
import { throwProblems } from '../manifest-problems.ts'
import { capabilityNames, offlineWorld, parseCapabilities } from '../offline-world.ts'
import { formatTable, formatValue, type OutputFormat, parseOutputFormat } from '../output.ts'
import type { Terminal } from '../terminal.ts'

interface RenderOptions {
  readonly filename: readonly string[]
  readonly namespace: string
  readonly capabilities: string
  readonly output: OutputFormat
  readonly decisions?: boolean
}

export function defineRender(program: Command, terminal: Terminal): void {
  program
    .command('render')
    .description('Print the objects that a cluster would get, offline: the same function that the controller calls.')
    .requiredOption(
      '-f, --filename <file...>',
      'services, and what they refer to: runtimes, Secrets, ServiceAccounts, ConfigMaps',
    )
    .option('-n, --namespace <name>', 'for objects that name none', 'default')
    .option(
      '--capabilities <names>',
      `what the cluster has: ${capabilityNames.join(', ')}, or none`,
      'knative,istio,gateway-api,keda,otel',
    )
    .option('-o, --output <format>', 'yaml, json, or a table of names', parseOutputFormat, 'yaml')
    .option('--decisions', 'also say on standard error what was decided and why')
    .addHelpText(
      'after',
      '\nThe shipped ClusterServingRuntimes are used where the files hold no runtime. The ConfigMaps inferenceservice-config and\nconfig-autoscaler and a KnativeServing object are read when they are among the files. Refused input exits with 1 and the reasons.\n\nExamples:\n  millrace render -f model.yaml\n  millrace render -f model.yaml -f runtimes/ --capabilities none -o json',
    )
    .action((options: RenderOptions) => renderFiles(options, terminal))
}

function renderFiles(options: RenderOptions, terminal: Terminal): void {
  const { manifests, problems } = readManifests(options.filename)
  throwProblems(problems)
  throwProblems(checkManifests(manifests).errors)
  const world = offlineWorld(manifests, options.namespace, parseCapabilities(options.capabilities))
  if (world.services.length === 0)
    throw new CommandError(`${options.filename.join(', ')}: no InferenceService or InferenceGraph in it`)
  for (const problem of world.configProblems) terminal.error(`warning: ${problem}\n`)
  const objects: KubeObject[] = []
  const refused: string[] = []
  for (const { object, positionOf } of world.services) {
    const result = render(world.inputFor(object))
    if (options.decisions === true) terminal.error(decisionTable(object, result.decisions))
    if (result.ok) objects.push(...result.objects)
    else
      refused.push(
        `${formatPosition(positionOf([]))}: ${object.kind} ${object.metadata.name}: ${result.problem.reason}: ${result.problem.message}`,
      )
  }
  if (refused.length > 0) throw new CommandError(refused.join('\n'))
  if (options.output === 'table') {
    terminal.out(
      formatTable(
        ['KIND', 'NAMESPACE', 'NAME'],
        objects.map((object) => [object.kind, object.metadata.namespace ?? '', object.metadata.name ?? '']),
      ),
    )
    return
  }
  terminal.out(formatValue({ apiVersion: 'v1', kind: 'List', items: objects }, options.output))
}

export function decisionTable(object: KubeObject, decisions: readonly Decision[]): string {
  const rows = decisions.map((decision) => [
    decision.level,
    decision.reason,
    decision.source,
    decision.path ?? '',
    decision.message,
  ])
  return `${object.kind} ${object.metadata.name}\n${formatTable(['LEVEL', 'REASON', 'FROM', 'FIELD', 'WHY'], rows)}\n`
}
