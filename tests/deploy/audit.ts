import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What the API server wrote down of somebody's calls. */
export interface Audit {
  readonly flags: readonly string[]
  /** Calls of a service account that were refused for want of a right: `list pods`, each once. */
  refused(account: string): Promise<readonly string[]>
  close(): Promise<void>
}

const policy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata', userGroups: ['system:serviceaccounts'] }, { level: 'None' }],
}
const forbidden = 403

export async function startAudit(): Promise<Audit> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-audit-'))
  const [policyFile, log] = [join(directory, 'policy.yaml'), join(directory, 'audit.log')]
  await writeFile(policyFile, JSON.stringify(policy))
  return {
    flags: [`--audit-policy-file=${policyFile}`, `--audit-log-path=${log}`, '--audit-log-mode=blocking-strict'],
    refused: async (account) => {
      const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '')
      const calls = lines.map((line): Call => JSON.parse(line))
      const theirs = calls.filter(({ user }) => user?.username === `system:serviceaccount:${account}`)
      if (theirs.length === 0) throw new Error(`${account} has not called at all`)
      const refused = theirs.filter(({ responseStatus }) => responseStatus?.code === forbidden)
      return [...new Set(refused.map(describe))].sort()
    },
    close: () => rm(directory, { recursive: true, force: true }),
  }
}

interface Call {
  readonly verb?: string
  readonly requestURI?: string
  readonly user?: { readonly username?: string }
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string; readonly namespace?: string }
  readonly responseStatus?: { readonly code?: number }
}

function describe({ verb, objectRef, requestURI }: Call): string {
  if (!objectRef) return `${verb} ${requestURI}`
  const { resource, subresource, namespace } = objectRef
  return `${verb} ${resource}${subresource ? `/${subresource}` : ''}${namespace ? ` in ${namespace}` : ''}`
}
