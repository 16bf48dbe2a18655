import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

export const root = join(import.meta.dirname, '../..')

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const runMsMax = 60_000

/** Runs a program and gives what it said; never rejects for what it said. */
export function attempt(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...options.env },
      timeout: runMsMax,
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }))
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}

export interface RunOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

/** As `attempt`, for what must succeed: gives what was printed. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(program, args, options)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stderr.slice(-4000)}`)
  return stdout
}

/** The objects of a stream of YAML, by identity and each only once. */
export function manifestsOf(text: string): ReadonlyMap<string, Manifest> {
  const found = new Map<string, Manifest>()
  for (const document of parseAllDocuments(text)) {
    const manifest = ('toJS' in document ? document.toJS() : null) as Manifest | null
    if (!manifest) continue
    const key = identityOf(manifest)
    if (found.has(key)) throw new Error(`${key} is there twice`)
    found.set(key, manifest)
  }
  return found
}

export function identityOf({ apiVersion, kind, metadata }: Manifest): string {
  return `${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`
}
