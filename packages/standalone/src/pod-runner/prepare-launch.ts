import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubeObject } from '@millrace/kube'
import { containerEnvironment, environmentObjects } from './container-environment.ts'
import type { DownwardFacts } from './downward-field.ts'
import { expandVariables } from './expand-variables.ts'
import { mountPathMapper } from './map-mount-paths.ts'
import type { Container } from './pod.ts'
import { containerDirectory } from './pod-directory.ts'
import { resolveMounts } from './pod-volumes.ts'
import type { Command } from './process-group.ts'
import type { SourceName } from './volume-payload.ts'

/** What stands for an image on this machine: its ENTRYPOINT, working directory and environment. */
export interface LocalProgram {
  readonly command: readonly string[]
  readonly workingDirectory?: string
  readonly env?: Readonly<Record<string, string>>
}

/** An image that is known, and that nothing on this machine can stand in for. */
export interface NoProgram {
  /** Why, and what to do: the end of a sentence. */
  readonly missing: string
}

/** Image → local program; undefined for an image that nobody knows. */
export type ResolveImage = (image: string) => LocalProgram | NoProgram | undefined

export interface LaunchContext {
  readonly podDir: string
  readonly places: ReadonlyMap<string, string>
  readonly facts: DownwardFacts
  readonly resolveImage: ResolveImage
  readonly fetchObject: (source: SourceName) => Promise<KubeObject | undefined>
  /** Environment that every container of the platform has, below its own. */
  readonly platformEnv: Readonly<Record<string, string>>
  /** Environment that a container cannot change. */
  readonly fixedEnv: Readonly<Record<string, string>>
}

export interface Launch {
  readonly command: Command
  /** Where the program writes why it ended: the place of `terminationMessagePath`. */
  readonly terminationLog: string
  /** Variables and mount paths replaced, as in args: for commands of probes and hooks. */
  readonly resolveText: (text: string) => string
}

export type LaunchResult =
  | { readonly ok: true; readonly launch: Launch }
  | {
      readonly ok: false
      readonly reason: 'ErrImageNeverPull' | 'CreateContainerConfigError'
      readonly message: string
    }

/**
 * Everything that is needed to start a container, or why it cannot be. Variables are expanded first and paths mapped in
 * the result, so a path in a variable's value is mapped wherever the variable is used.
 */
export async function prepareLaunch(container: Container, context: LaunchContext): Promise<LaunchResult> {
  const image = container.image ?? ''
  const program = context.resolveImage(image)
  if (!program || 'missing' in program) {
    return { ok: false, reason: 'ErrImageNeverPull', message: program?.missing ?? unknownImage(image) }
  }
  const directory = containerDirectory(context.podDir, container.name)
  const work = join(directory, 'work')
  const temporary = join(directory, 'tmp')
  await Promise.all([work, temporary].map((path) => mkdir(path, { recursive: true, mode: 0o700 })))
  const terminationLog = join(directory, 'termination-log')
  await writeFile(terminationLog, '', { mode: 0o600 })

  const base = {
    ...context.platformEnv,
    HOME: work,
    TMPDIR: temporary,
    MILLRACE_TERMINATION_LOG: terminationLog,
    ...program.env,
  }
  const objects = await fetchAll(environmentObjects(container), context)
  const object = ({ kind, name }: SourceName) => objects.get(`${kind}/${name}`)
  const environment = containerEnvironment(container, { facts: context.facts, base, object })
  if (!environment.ok) return configError(environment.message)
  const mounts = await resolveMounts(container, context.places, environment.values)
  if (!mounts.ok) return configError(mounts.message)

  const terminationPath = container.terminationMessagePath || '/dev/termination-log'
  const mapPaths = mountPathMapper([...mounts.mapped, { mountPath: terminationPath, realPath: terminationLog }])
  const resolveText = (text: string) => mapPaths(expandVariables(text, environment.values))
  const workingDirectory = container.workingDir ? mapPaths(container.workingDir) : (program.workingDirectory ?? work)
  if (!(await isDirectory(workingDirectory))) {
    return configError(
      `workingDir "${container.workingDir ?? workingDirectory}" is not a directory on this machine; mount a volume there or leave it out.`,
    )
  }
  const entrypoint = container.command?.length ? container.command.map(resolveText) : program.command
  const argv = [...entrypoint, ...(container.args ?? []).map(resolveText)]
  const env = { ...mapOwnValues(environment.values, container, base, mapPaths), ...context.fixedEnv }
  return { ok: true, launch: { command: { argv, env, workingDirectory }, terminationLog, resolveText } }
}

function unknownImage(image: string): string {
  if (image === '') return 'the container names no image; images are how a program is chosen.'
  return `no program on this machine stands for the image "${image}": use an image of a known model server, or run this service on a cluster.`
}

/** Values that the platform gave are real paths already. */
function mapOwnValues(
  values: ReadonlyMap<string, string>,
  container: Container,
  base: Readonly<Record<string, string>>,
  mapPaths: (text: string) => string,
): Record<string, string> {
  const own = new Set((container.env ?? []).map(({ name }) => name))
  return Object.fromEntries(
    [...values].map(([name, value]) => [name, own.has(name) || base[name] !== value ? mapPaths(value) : value]),
  )
}

async function fetchAll(names: readonly SourceName[], context: LaunchContext): Promise<Map<string, KubeObject>> {
  const objects = new Map<string, KubeObject>()
  for (const source of names) {
    const key = `${source.kind}/${source.name}`
    const object = objects.has(key) ? undefined : await context.fetchObject(source)
    if (object) objects.set(key, object)
  }
  return objects
}

function configError(message: string): LaunchResult {
  return { ok: false, reason: 'CreateContainerConfigError', message }
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
