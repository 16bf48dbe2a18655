import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What runs in place of a container image on this machine. */
export interface LocalProgram {
  /** Program and first arguments: the image's ENTRYPOINT. */
  readonly command: readonly string[]
  readonly workingDirectory?: string
  readonly env?: Readonly<Record<string, string>>
}

interface ImageRow {
  /** Repository without registry, tag and digest. */
  readonly repository: string
  readonly program: 'model-server' | 'storage-initializer'
  readonly args?: readonly string[]
}

/** KServe's images and ours, and the server here that does the same job. */
const rows: readonly ImageRow[] = [
  { repository: 'millrace/model-server', program: 'model-server' },
  { repository: 'kserve/sklearnserver', program: 'model-server', args: ['--model_format=sklearn'] },
  { repository: 'kserve/xgbserver', program: 'model-server', args: ['--model_format=xgboost'] },
  { repository: 'kserve/lgbserver', program: 'model-server', args: ['--model_format=lightgbm'] },
  { repository: 'kserve/predictiveserver', program: 'model-server' },
  { repository: 'nvidia/tritonserver', program: 'model-server' },
  { repository: 'seldonio/mlserver', program: 'model-server' },
  { repository: 'millrace/storage-initializer', program: 'storage-initializer' },
  { repository: 'kserve/storage-initializer', program: 'storage-initializer' },
]

export const localRepositories: readonly string[] = rows.map((row) => row.repository)

const entryPoints = {
  'model-server': '@millrace/model-server',
  'storage-initializer': '@millrace/storage',
} as const

export interface ImageOptions {
  /** Where relative `file://` URIs start. */
  readonly filesRoot: string
}

/** The image table of this machine; undefined for an image that nothing here can stand in for. */
export function createImageResolver({ filesRoot }: ImageOptions): (image: string) => LocalProgram | undefined {
  return (image) => {
    const row = rows.find((candidate) => candidate.repository === repositoryOf(image))
    if (!row) return undefined
    const main = join(dirname(fileURLToPath(import.meta.resolve(entryPoints[row.program]))), 'main.ts')
    return {
      command: [process.execPath, '--disable-warning=ExperimentalWarning', main, ...(row.args ?? [])],
      workingDirectory: filesRoot,
      ...(process.env.NODE_COMPILE_CACHE ? { env: { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE } } : {}),
    }
  }
}

/** `docker.io/kserve/sklearnserver:v0.20.0@sha256:…` → `kserve/sklearnserver`. A first part with a dot, a colon or `localhost` is a registry. */
export function repositoryOf(image: string): string {
  const withoutDigest = image.split('@', 1)[0] ?? image
  const parts = withoutDigest.split('/')
  const first = parts[0] ?? ''
  if (parts.length > 1 && (/[.:]/.test(first) || first === 'localhost')) parts.shift()
  const last = parts.pop() ?? ''
  return [...parts, last.split(':', 1)[0] ?? last].join('/')
}
