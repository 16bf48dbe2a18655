import { resources as serving } from '@millrace/api'
import type { Client, KubeObject, Resource } from '@millrace/kube'
import type { Command } from 'commander'
import { CommandError, usageError } from '../command-error.ts'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import { explain } from '../explain/explanation.ts'
import { formatExplanation } from '../explain/format-explanation.ts'
import { formatValue, type OutputFormat, parseOutputFormat } from '../output.ts'
import { resolveTypes } from '../resource-types.ts'
import type { Terminal } from '../terminal.ts'
import { find } from '../wait.ts'

interface ExplainOptions extends ConnectionOptions {
  readonly output: OutputFormat
  readonly all?: boolean
}

/** In the order in which a name alone is looked for. */
const explained: readonly Resource[] = [serving.inferenceServices, serving.inferenceGraphs, serving.trainedModels]

export function defineExplain(program: Command, terminal: Terminal): void {
  clientOptions(program.command('explain'))
    .description(
      'Say why an InferenceService, InferenceGraph or TrainedModel is as it is: decisions, conditions, and the one cause when it is not ready.',
    )
    .argument('<name>', 'its name, or TYPE/NAME where several kinds share one')
    .option('-a, --all', 'also why each other runtime was not chosen, and what the cluster lacks')
    .option('-o, --output <format>', 'table, json or yaml', parseOutputFormat, 'table')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace explain sklearn-iris\n  millrace explain sklearn-iris --all -o yaml\n  millrace explain ig/pipeline',
    )
    .action((argument: string, options: ExplainOptions) =>
      withClient(options, terminal, async (client, namespace) => {
        const explanation = await explain(client, await findExplained(client, namespace, argument))
        if (options.output !== 'table') terminal.out(formatValue(explanation, options.output))
        else terminal.out(formatExplanation(explanation, options.all === true))
      }),
    )
}

async function findExplained(client: Client, namespace: string, argument: string): Promise<KubeObject> {
  const [name = '', type] = argument.split('/').toReversed()
  if (type !== undefined) return client.get(await explainedType(client, type), { namespace, name })
  for (const resource of explained) {
    const object = await find(client, resource, { namespace, name })
    if (object) return object
  }
  const kinds = explained.map(({ kind }) => kind).join(', ')
  throw new CommandError(`Namespace ${namespace} has no object "${name}" of these kinds: ${kinds}.`)
}

async function explainedType(client: Client, type: string): Promise<Resource> {
  const [wanted] = await resolveTypes(client, [{ type }])
  const found = explained.find(({ group, kind }) => group === wanted?.resource.group && kind === wanted.resource.kind)
  if (!found) throw usageError(`${type} is not explained: ${explained.map(({ plural }) => plural).join(', ')} are.`)
  return found
}
