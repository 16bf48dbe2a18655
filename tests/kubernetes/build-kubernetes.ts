import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { goVersion } from './go-toolchain.ts'

export const kubernetesVersion = 'v1.34.2'

/** Paths of the programs. */
export interface KubernetesPrograms {
  readonly etcd: string
  readonly apiserver: string
  readonly controllerManager: string
}

const module = dirname(fileURLToPath(import.meta.url))
const programs = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const
const lockPollMs = 500

/**
 * The programs of a real Kubernetes control plane, built from the Go module beside this file into a cache directory
 * (`$XDG_CACHE_HOME` or `~/.cache`, then `millrace/kubernetes-<hash of the module>`). Built once for all who ask at the
 * same time; minutes the first time, nothing afterwards. Rejects where Go is missing or the build fails.
 */
export async function buildKubernetes(
  options: { readonly log?: (line: string) => void; readonly signal?: AbortSignal } = {},
): Promise<KubernetesPrograms> {
  const { log = (line) => void process.stderr.write(`${line}\n`), signal } = options
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'millrace')
  const directory = join(cache, `kubernetes-${moduleHash()}`)
  await mkdir(directory, { recursive: true })
  const isThere = (name: string): boolean => existsSync(join(directory, name))
  if (!programs.every(isThere)) {
    const release = await takeLock(join(directory, 'lock'), log, signal)
    try {
      for (const name of programs) if (!isThere(name)) await buildProgram(directory, name, log, signal)
    } finally {
      await release()
    }
  }
  return {
    etcd: join(directory, 'etcd'),
    apiserver: join(directory, 'kube-apiserver'),
    controllerManager: join(directory, 'kube-controller-manager'),
  }
}

function moduleHash(): string {
  const hash = createHash('sha256').update(kubernetesVersion)
  for (const file of globSync(['go.mod', 'go.sum', '*/*.go'], { cwd: module }).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(module, file)))
  }
  return hash.digest('hex').slice(0, 16)
}

async function buildProgram(
  directory: string,
  name: string,
  log: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (goVersion() === undefined)
    throw new Error(`cannot build ${name}: no Go on PATH; install it from https://go.dev/dl`)
  const startedAt = performance.now()
  const unfinished = join(directory, `${name}.${process.pid}`)
  const flags = `-s -w -X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`
  log(`building ${name} ${name === 'etcd' ? '' : `${kubernetesVersion} `}from the Go module registry`)
  const go = spawn(
    'go',
    ['build', '-v', '-trimpath', '-buildvcs=false', '-mod=readonly', '-ldflags', flags, '-o', unfinished, `./${name}`],
    { cwd: module, stdio: ['ignore', 'ignore', 'pipe'], signal },
  )
  try {
    await finishBuild(go, name, log)
    await rename(unfinished, join(directory, name))
  } finally {
    await rm(unfinished, { force: true })
  }
  log(`built ${name} in ${Math.round((performance.now() - startedAt) / 1000)} s`)
}

/** `go build -v` names each package as it compiles; what else it says is why it failed. */
async function finishBuild(go: ChildProcess, name: string, log: (line: string) => void): Promise<void> {
  let packages = 0
  const said: string[] = []
  const ended = new Promise<number | null>((resolve, reject) => {
    go.on('error', reject)
    go.on('close', resolve)
  })
  const progress = setInterval(() => log(`  ${name}: ${packages} packages compiled`), 15_000)
  try {
    if (go.stderr) {
      createInterface({ input: go.stderr }).on('line', (line) => {
        if (/^[\w./-]+$/.test(line)) packages++
        else said.push(line)
      })
    }
    const code = await ended
    if (code !== 0) throw new Error(`go build ${name} ended with ${code}:\n${said.slice(-30).join('\n')}`)
  } finally {
    clearInterval(progress)
  }
}

/**
 * One build at a time: the file holds the owner's pid. A dead owner's lock is taken over; should two take it at the same
 * moment both build, and the last to rename wins, with the same bytes.
 */
async function takeLock(
  path: string,
  log: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<() => Promise<void>> {
  for (let waits = 0; ; waits++) {
    signal?.throwIfAborted()
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' })
      return () => rm(path, { force: true })
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''))
    if (owner > 0 && !isAlive(owner)) await rm(path, { force: true })
    if (waits === 0) log(`waiting for the Kubernetes build of process ${owner}`)
    await new Promise((resolve) => setTimeout(resolve, lockPollMs))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
