import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What the API server wrote down of the calls of service accounts. */
export interface Audit {
  readonly flags: readonly string[]
  /** Finished calls of a service account (`namespace:name`), in order; from a mark on. */
  calls(account: string, since?: Mark): Promise<readonly Call[]>
  /** Now, as a place in the log. */
  mark(): Promise<Mark>
  /** Calls that were refused for want of a right: `list pods`, each once. */
  refused(account: string, since?: Mark): Promise<readonly string[]>
  close(): Promise<void>
}

/** Bytes from the beginning. */
export type Mark = number

export interface Call {
  /** A watch is told of twice: when it begins, and when it ends. */
  readonly stage: 'ResponseStarted' | 'ResponseComplete' | 'Panic'
  readonly verb: string
  readonly requestURI: string
  readonly user?: { readonly username?: string }
  readonly objectRef?: {
    readonly apiGroup?: string
    readonly resource?: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
  }
  readonly responseStatus?: { readonly code?: number }
  readonly annotations?: { readonly 'authorization.k8s.io/decision'?: 'allow' | 'forbid' }
}

const policy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  // A watch is written down when it has begun.
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', userGroups: ['system:serviceaccounts'] }, { level: 'None' }],
}
const writes = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])

export async function startAudit(): Promise<Audit> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-audit-'))
  const [policyFile, log] = [join(directory, 'policy.yaml'), join(directory, 'audit.log')]
  await writeFile(policyFile, JSON.stringify(policy))
  const calls = async (account: string, since: Mark = 0): Promise<readonly Call[]> => {
    const lines = (await readFrom(log, since)).split('\n').slice(0, -1)
    const all = lines.map((line): Call => JSON.parse(line))
    return all.filter(({ user }) => user?.username === `system:serviceaccount:${account}`)
  }
  return {
    flags: [`--audit-policy-file=${policyFile}`, `--audit-log-path=${log}`, '--audit-log-mode=blocking-strict'],
    calls,
    mark: async () => (await stat(log)).size,
    refused: async (account, since) => {
      const theirs = await calls(account, since)
      if (theirs.length === 0) throw new Error(`${account} has not called at all`)
      const refused = theirs.filter(({ annotations }) => annotations?.['authorization.k8s.io/decision'] === 'forbid')
      return [...new Set(refused.map(describeCall))].sort()
    },
    close: () => rm(directory, { recursive: true, force: true }),
  }
}

async function readFrom(path: string, begin: number): Promise<string> {
  const file = await open(path)
  try {
    const bytes = Buffer.alloc((await file.stat()).size - begin)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, begin)
    return bytes.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** A call that changes something; the sign of life of a leader is none. */
export function isWrite({ verb, objectRef }: Call): boolean {
  return writes.has(verb) && objectRef?.resource !== 'leases'
}

/** `patch deployments in default` */
export function describeCall({ verb, objectRef, requestURI }: Call): string {
  if (!objectRef) return `${verb} ${requestURI}`
  const { resource, subresource, namespace } = objectRef
  return `${verb} ${resource}${subresource ? `/${subresource}` : ''}${namespace ? ` in ${namespace}` : ''}`
}
