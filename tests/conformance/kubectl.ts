import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'

export interface KubectlRun {
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Which lines of standard output count. */
  readonly keep?: (line: string) => boolean
}

export interface KubectlAnswer {
  readonly code: number | null
  readonly stdout: unknown
  readonly stderr: readonly string[]
}

/** Runs kubectl against one server. Standard output is parsed where `-o json` was asked for. */
export type Kubectl = (args: readonly string[], run: KubectlRun) => Promise<KubectlAnswer>

const deadlineMs = 60_000

export function hasKubectl(): boolean {
  return spawnSync('kubectl', ['version', '--client'], { timeout: 30_000 }).status === 0
}

export function createKubectl(server: {
  readonly url: string
  readonly kubeconfig: string
  readonly directory: string
}): Kubectl {
  const cache = join(server.directory, 'kubectl-cache')
  return (args, { input = '', environment = {}, keep = () => true }) =>
    new Promise((resolve, reject) => {
      const child = spawn('kubectl', ['--kubeconfig', server.kubeconfig, '--cache-dir', cache, ...args], {
        env: { PATH: process.env.PATH ?? '', HOME: server.directory, ...environment },
        timeout: deadlineMs,
        killSignal: 'SIGKILL',
      })
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', (chunk) => (stdout += chunk))
      child.stderr.on('data', (chunk) => (stderr += chunk))
      child.stdin.on('error', () => {})
      child.stdin.end(input)
      child.on('error', reject)
      child.on('close', (code) => {
        const isJson = args.includes('json') && stdout.startsWith('{')
        const said = isJson ? (JSON.parse(stdout) as unknown) : readableLines(stdout, server.url).filter(keep)
        resolve({ code, stdout: said, stderr: readableLines(stderr, server.url) })
      })
    })
}

/** Lines without what differs from run to run: addresses, ages, width of columns, klog's prefix. */
function readableLines(text: string, url: string): readonly string[] {
  return text
    .replaceAll(url, '<server>')
    .replaceAll(new URL(url).host, '<server>')
    .replace(/^[EWI]\d{4} [\d:.]+ +\d+ /gm, '')
    .split('\n')
    .map((line) =>
      line
        .trimEnd()
        .replace(/(?<=\s|^|\()(\d+[smh])+(?=\s|$|\))/g, '<age>')
        .replace(/\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]+ [+-]\d{4}/g, '<date>')
        .replace(/(?<=resourceVersion: "|Resource Version: +)\d+/g, '…')
        .replace(/^((?:---|\+\+\+) .*?)\t.*$/, '$1')
        .replace(/\/tmp\/\S+/g, '<file>')
        .replace(/(?<=\S) {2,}/g, '  '),
    )
}
