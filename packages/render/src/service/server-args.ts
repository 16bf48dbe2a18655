import type { Container } from '@millrace/api'
import { httpPort, modelDirectory } from '../keys.ts'

export interface ServerArgs {
  readonly service: string
  /** `name.namespace` of the predictor's Service. */
  readonly predictorHost: string
  readonly workers: number | undefined
}

/** Arguments that a custom transformer or explainer gets unless it has them: its model, its predictor, its port. */
export function withComponentArgs(container: Container, input: ServerArgs): Container {
  return withMissing(container, [
    ['--model_name', input.service],
    ['--predictor_host', input.predictorHost],
    ['--http_port', String(httpPort)],
    ['--workers', input.workers === undefined ? undefined : String(input.workers)],
  ])
}

function withMissing(container: Container, wanted: readonly (readonly [string, string | undefined])[]): Container {
  const given = container.args ?? []
  const added = wanted.flatMap(([flag, value]) => (value === undefined || hasArg(given, flag) ? [] : [flag, value]))
  return added.length === 0 ? container : { ...container, args: [...given, ...added] }
}

export interface ArtArgs extends ServerArgs {
  readonly type: string
  readonly config: Readonly<Record<string, string>>
  readonly storageUri: string | undefined
  readonly given: readonly string[]
}

/** The whole command line of the ART explainer. */
export function artArgs(input: ArtArgs): string[] {
  const settings = Object.entries(input.config).sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    '--model_name',
    input.service,
    '--http_port',
    String(httpPort),
    ...(hasArg(input.given, '--predictor_host') ? [] : ['--predictor_host', input.predictorHost]),
    ...(input.workers === undefined || hasArg(input.given, '--workers') ? [] : ['--workers', String(input.workers)]),
    ...(input.storageUri ? ['--storage_uri', modelDirectory] : []),
    '--adversary_type',
    input.type,
    ...settings.flatMap(([key, value]) => [`--${key}`, value]),
    ...input.given,
  ]
}

function hasArg(args: readonly string[], flag: string): boolean {
  return args.some((arg) => arg === flag || arg.startsWith(`${flag}=`))
}
