import { availableParallelism } from 'node:os'

/** Everything that the command line and environment decide, read once. */
export interface ServerOptions {
  readonly modelName: string
  readonly modelDir: string
  /** The arguments cannot say how the model is called (Triton's), so one without a folder of its own answers to any name. */
  readonly isNameless: boolean
  /** Name of a row of the runtimes table; undefined: told from the files. */
  readonly modelFormat: string | undefined
  readonly host: string
  readonly httpPort: number
  readonly workers: number
  readonly threads: number
  readonly keepAliveSeconds: number
  /** After SIGTERM, how long requests are still taken at least. */
  readonly drainSeconds: number
  readonly bodyBytesMax: number
  readonly predictProba: boolean
  /** Things a person should know about what was asked for and is not done; one sentence each. */
  readonly notes: readonly string[]
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Either the options or one sentence about what is wrong with the arguments. */
export type ParsedArguments =
  | { readonly ok: true; readonly options: ServerOptions }
  | { readonly ok: false; readonly error: string }

export const defaults = {
  modelName: 'model',
  httpPort: 8080,
  workers: 1,
  /** The CPUs that this process may use (its cgroup's limit counts), as inference servers do. */
  threads: Math.min(availableParallelism(), 8),
  /** KServe's own default: longer than the idle time of the proxies in front. */
  keepAliveSeconds: 65,
  drainSeconds: 1,
  bodyBytesMax: 100 * 1024 * 1024,
} as const

/**
 * The address to listen on: `--host`, else MILLRACE_BIND_ADDRESS (the pod runner's, one loopback address for each pod),
 * else every address where Kubernetes runs us, else loopback only, so that a server started by hand is not open to others.
 */
export function chooseHost(given: string | undefined, environment: Environment): string {
  if (given !== undefined) return given
  const bind = environment['MILLRACE_BIND_ADDRESS']
  if (bind !== undefined && bind !== '') return bind
  return environment['KUBERNETES_SERVICE_HOST'] === undefined ? '127.0.0.1' : '0.0.0.0'
}

export function isTrue(value: string | undefined): boolean {
  return ['1', 'true', 'yes', 'y', 't', 'on'].includes((value ?? '').toLowerCase())
}
