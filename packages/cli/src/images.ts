import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LocalProgram, ResolveImage } from '@millrace/standalone'

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

/** Images whose content is a language: their programs come as files, from a volume or from this machine. */
const languages: Readonly<Record<string, readonly string[]>> = {
  node: [process.execPath],
  'library/node': [process.execPath],
  python: ['python3'],
  'library/python': ['python3'],
}

const onCluster = 'run this service on a cluster'
/** Parts of KServe that only a cluster has. */
const missing: Readonly<Record<string, string>> = {
  'kserve/router': `an InferenceGraph is routed by the image "kserve/router", which no program on this machine stands for: ask its steps themselves, or ${onCluster}`,
  'kserve/agent': `batching, logging and several models on one server are done by the image "kserve/agent", which no program on this machine stands for: leave them out, or ${onCluster}`,
}

export const localRepositories: readonly string[] = rows.map((row) => row.repository)

const entryPoints = {
  'model-server': '@millrace/model-server',
  'storage-initializer': '@millrace/storage',
} as const

/** Program and first arguments by image: what the user says with `--image`. */
export type ImagePrograms = ReadonlyMap<string, readonly string[]>

export interface ImageOptions {
  /** Where relative `file://` URIs start. */
  readonly filesRoot: string
  /** They come before the table; an image may be named with or without registry and tag. */
  readonly programs?: ImagePrograms
  /** Where the user's programs run. */
  readonly workingDirectory?: string
}

/** The image table of this machine. */
export function createImageResolver({ filesRoot, programs, workingDirectory }: ImageOptions): ResolveImage {
  const workingIn = workingDirectory === undefined ? {} : { workingDirectory }
  return (image) => {
    const repository = repositoryOf(image)
    const own = programs?.get(image) ?? programs?.get(repository)
    if (own) return { command: own, ...workingIn }
    const row = rows.find((candidate) => candidate.repository === repository)
    if (row) return serverOf(row, filesRoot)
    const language = languages[repository]
    if (language) return { command: language, ...workingIn }
    return { missing: missing[repository] ?? unknown(image) }
  }
}

/** Whether the servers that images stand for are installed beside this program: in the image of the controller none is. */
export function hasLocalServers(): boolean {
  try {
    return existsSync(mainOf('model-server'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return false
    throw error
  }
}

function mainOf(program: ImageRow['program']): string {
  return join(dirname(fileURLToPath(import.meta.resolve(entryPoints[program]))), 'main.ts')
}

function serverOf(row: ImageRow, filesRoot: string): LocalProgram {
  return {
    command: [process.execPath, '--disable-warning=ExperimentalWarning', mainOf(row.program), ...(row.args ?? [])],
    workingDirectory: filesRoot,
    ...(process.env.NODE_COMPILE_CACHE ? { env: { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE } } : {}),
  }
}

function unknown(image: string): string {
  if (image === '') return 'the container names no image; images are how a program is chosen'
  return `no program on this machine stands for the image "${image}": use an image of a known model server, say which program stands for it (millrace up --image ${repositoryOf(image)}=PROGRAM), or ${onCluster}`
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
