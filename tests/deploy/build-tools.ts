import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { goVersion } from '../kubernetes/go-toolchain.ts'

/** Paths of the programs that people install with. */
export interface Tools {
  readonly helm: string
  readonly kustomize: string
  readonly kubectl: string
}

interface Recipe {
  readonly name: keyof Tools
  /** Module with version; kubectl's main function is ours, as Kubernetes' own cannot be installed by name. */
  readonly module?: string
}

const recipes: readonly Recipe[] = [
  { name: 'helm', module: 'helm.sh/helm/v3/cmd/helm@v3.22.0' },
  { name: 'kustomize', module: 'sigs.k8s.io/kustomize/kustomize/v5@v5.7.1' },
  { name: 'kubectl' },
]
const kubectlModule = join(import.meta.dirname, 'kubectl')
const buildMsMax = 20 * 60_000

/**
 * The real helm, kustomize and kubectl, built from the Go module registry into a cache directory (`$XDG_CACHE_HOME` or
 * `~/.cache`, then `millrace/tools-<hash>`). Minutes the first time, nothing afterwards.
 */
export async function buildTools(log: (line: string) => void = (line) => console.error(line)): Promise<Tools> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'millrace')
  const directory = join(cache, `tools-${recipeHash()}`)
  await mkdir(directory, { recursive: true })
  for (const recipe of recipes) if (!existsSync(join(directory, recipe.name))) await build(recipe, directory, log)
  const path = (name: keyof Tools): string => join(directory, name)
  return { helm: path('helm'), kustomize: path('kustomize'), kubectl: path('kubectl') }
}

/** Two who build at the same time make the same file; the last to finish puts it there. */
async function build({ name, module }: Recipe, directory: string, log: (line: string) => void): Promise<void> {
  if (goVersion() === undefined)
    throw new Error(`cannot build ${name}: no Go on PATH; install it from https://go.dev/dl`)
  log(`building ${module ?? name} from the Go module registry`)
  const startedAt = performance.now()
  const unfinished = await mkdtemp(join(directory, 'unfinished-'))
  try {
    const flags = ['-trimpath', '-ldflags', '-s -w']
    const args = module ? ['install', ...flags, module] : ['build', ...flags, '-mod=readonly', '-o', unfinished, '.']
    const { status, stderr } = spawnSync('go', args, {
      cwd: kubectlModule,
      env: { ...process.env, GOBIN: unfinished, GOFLAGS: '' },
      encoding: 'utf8',
      timeout: buildMsMax,
      maxBuffer: 64 * 1024 * 1024,
    })
    if (status !== 0) throw new Error(`go could not build ${name}:\n${stderr.split('\n').slice(-30).join('\n')}`)
    await rename(join(unfinished, name), join(directory, name))
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  log(`built ${name} in ${Math.round((performance.now() - startedAt) / 1000)} s`)
}

function recipeHash(): string {
  const hash = createHash('sha256').update(JSON.stringify(recipes))
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(kubectlModule, file)))
  return hash.digest('hex').slice(0, 16)
}
