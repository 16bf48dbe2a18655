import { kserveFlags, parseKserve } from './kserve.ts'
import { parseMlserver } from './mlserver.ts'
import type { Environment, ParsedArguments } from './server-options.ts'
import { parseTriton } from './triton.ts'

/**
 * The same program stands in for several servers, each with its own arguments: `tritonserver …` is Triton's, no argument
 * but MLServer's environment is MLServer's, everything else is KServe's.
 */
export function parseArguments(args: readonly string[], environment: Environment): ParsedArguments {
  if (args.includes('tritonserver'))
    return parseTriton(
      args.filter((arg) => arg !== 'tritonserver'),
      environment,
    )
  const isMlserver = args.length === 0 || args[0] === 'mlserver'
  if (isMlserver && environment['MLSERVER_MODEL_IMPLEMENTATION'] !== undefined) return parseMlserver(environment)
  return parseKserve(args, environment)
}

/** What `--help` prints. */
export function helpText(): string {
  const lines = Object.entries(kserveFlags)
    .filter(([, flag]) => flag.help !== undefined)
    .map(([name, flag]) => `  --${name.padEnd(20)} ${flag.help}`)
  return [
    'Serves the model of one directory over HTTP: V1 (/v1/models/NAME:predict) and V2 (/v2/models/NAME/infer).',
    '',
    'usage: main.ts --model_dir=DIR [--model_name=NAME] …',
    '',
    ...lines,
    '',
    "Other arguments of KServe's servers are accepted and change nothing.",
    '',
  ].join('\n')
}
