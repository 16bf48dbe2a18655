import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { attempt, type Outcome, root, run } from './run-tool.ts'

export const recipe = readFileSync(join(root, 'deploy/image/Containerfile'), 'utf8')

/** The files that an image holds, in a directory of this machine in place of /app. */
export interface ImageTree {
  /** Runs its entry point to the end. */
  attempt(args: readonly string[]): Promise<Outcome>
  start(args: readonly string[]): ImageProcess
  remove(): Promise<void>
}

export interface ImageProcess {
  /** What it has said so far. */
  readonly output: string
  /** SIGTERM, and waits: its exit code, or the signal that ended it. */
  end(): Promise<string>
}

const endMsMax = 20_000
/** Nothing of this machine is to be found but what the image holds. */
const environment = { KUBERNETES_SERVICE_HOST: '', KUBECONFIG: '' }

/** Lays an image out as its stage of the recipe says; libraries are links to those of this checkout. */
export async function layOutImage(name: string): Promise<ImageTree> {
  const stage = stageOf(`base AS ${name}`)
  const copied = [...stage.matchAll(/^COPY --from=(\S+) \/app\/(\S+) (\S+)$/gm)]
  const entryPoint = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(stage)?.[1] ?? '[]') as string[]
  const directory = await mkdtemp(join(tmpdir(), 'millrace-image-'))
  for (const [, from = '', path = '', to] of copied) {
    if (path !== to) throw new Error(`${name}: links in node_modules hold only where folders stay where they are`)
    if (path === 'node_modules') linkLibraries(directory, `sources AS ${from}`)
    else if (from === `${name}-bundle`) await bundleTo(join(directory, path), `sources AS ${from}`)
    else copySources(directory, path)
  }
  const [program, ...own] = entryPoint.map((part) => part.replace(/^\/app\//, `${directory}/`))
  if (program !== 'node') throw new Error(`${name}: the entry point is node`)
  return {
    attempt: (args) => attempt(process.execPath, [...own, ...args], { env: environment }),
    start: (args) => startProcess([...own, ...args]),
    remove: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  }
}

function stageOf(title: string): string {
  const stage = new RegExp(`^FROM ${title}$([\\s\\S]*?)(?=^FROM |$(?![\\s\\S]))`, 'm').exec(recipe)?.[1]
  if (stage === undefined) throw new Error(`${title} is no stage of the recipe`)
  return stage
}

function copySources(directory: string, path: string): void {
  cpSync(join(root, path), join(directory, path), {
    recursive: true,
    filter: (source) => !/\/(node_modules|test|testdata)$/.test(source),
  })
}

/** Links to what `npm install` puts into node_modules, without what the stage removes there. */
function linkLibraries(directory: string, title: string): void {
  const stage = stageOf(title)
  const names = new Set(stage.includes('--omit=dev') ? [] : Object.keys(manifestOf('.').devDependencies ?? {}))
  // All of our packages, where none is named: cli depends on every other.
  const own = new Set([/--workspace=(\S+)/.exec(stage)?.[1] ?? 'packages/cli'])
  for (const path of own) {
    for (const name of Object.keys(manifestOf(path).dependencies ?? {})) {
      names.add(name)
      if (isOwn(name)) own.add(`packages/${basename(name)}`)
    }
  }
  for (const name of names) {
    const path = join(directory, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    // Like npm's, the link is there even where its target was not copied.
    symlinkSync(isOwn(name) ? join(directory, 'packages', basename(name)) : join(root, 'node_modules', name), path)
  }
  for (const path of /&& rm -rf (.+)$/m.exec(stage)?.[1]?.split(' ') ?? [])
    rmSync(join(directory, path), { recursive: true })
}

function isOwn(name: string): boolean {
  return name.startsWith('@millrace/')
}

interface PackageManifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

function manifestOf(path: string): PackageManifest {
  return JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as PackageManifest
}

/** Makes the bundle as the recipe does, from nothing but the sources that reach the build. */
async function bundleTo(to: string, title: string): Promise<void> {
  const stage = stageOf(title)
  const [, script = '', made = ''] = /^RUN node (\S+) (\S+)$/m.exec(stage) ?? []
  const directory = await mkdtemp(join(tmpdir(), 'millrace-build-'))
  try {
    for (const path of ['packages', script]) copySources(directory, path)
    linkLibraries(directory, title)
    await run(process.execPath, [join(directory, script), join(directory, made)])
    cpSync(join(directory, made), to, { recursive: true })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function startProcess(args: readonly string[]): ImageProcess {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), ...environment },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const ended = new Promise<string>((resolve) => child.on('close', (code, signal) => resolve(String(code ?? signal))))
  return {
    get output() {
      return output
    },
    end: async () => {
      child.kill('SIGTERM')
      const hurry = setTimeout(() => child.kill('SIGKILL'), endMsMax)
      const how = await ended
      clearTimeout(hurry)
      return how
    },
  }
}
