import { dirname, resolve } from 'node:path'
import { isRecord } from './json-answer.ts'
import { KubeError } from './errors.ts'

/** One named entry of a kubeconfig with the file it came from: relative paths in it are relative to that file. */
export interface KubeconfigEntry {
  readonly name: string
  readonly file: string
  /** Where it stands, for messages: `users[1] (name: ci)`. */
  readonly at: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Kubeconfig files, merged as kubectl does it: the first file that names a thing wins. */
export interface Kubeconfig {
  readonly files: readonly string[]
  readonly currentContext: string | undefined
  readonly clusters: ReadonlyMap<string, KubeconfigEntry>
  readonly users: ReadonlyMap<string, KubeconfigEntry>
  readonly contexts: ReadonlyMap<string, KubeconfigEntry>
}

export interface KubeconfigFile {
  readonly file: string
  readonly text: string
}

/** Parses and merges. Errors are KubeErrors `BadKubeconfig` that name the file and the place in it. */
export async function parseKubeconfigs(files: readonly KubeconfigFile[]): Promise<Kubeconfig> {
  const clusters = new Map<string, KubeconfigEntry>()
  const users = new Map<string, KubeconfigEntry>()
  const contexts = new Map<string, KubeconfigEntry>()
  let currentContext: string | undefined
  for (const { file, text } of files) {
    const root = await parseRoot(file, text)
    addEntries(clusters, file, root, 'clusters', 'cluster')
    addEntries(users, file, root, 'users', 'user')
    addEntries(contexts, file, root, 'contexts', 'context')
    const current = root['current-context']
    if (current !== undefined && current !== null && typeof current !== 'string')
      throw malformed(file, 'current-context', 'is not a string')
    currentContext ||= current || undefined
  }
  return { files: files.map(({ file }) => file), currentContext, clusters, users, contexts }
}

async function parseRoot(file: string, text: string): Promise<Record<string, unknown>> {
  const { parseDocument } = await import('yaml')
  const document = parseDocument(text)
  const problem = document.errors[0]
  // Only the first line: the rest of yaml's message quotes the file, which may hold a token.
  if (problem)
    throw malformed(file, `line ${problem.linePos?.[0].line ?? 1}`, `is not YAML (${problem.code})`, problem.code)
  const root: unknown = document.toJS({ maxAliasCount: 100 })
  if (root === null || root === undefined) return {}
  if (!isRecord(root))
    throw malformed(file, 'the file', 'is not a kubeconfig: a map with clusters, users and contexts is expected')
  if (root['kind'] !== undefined && root['kind'] !== 'Config')
    throw malformed(file, 'kind', `is ${JSON.stringify(root['kind'])}, not Config`)
  return root
}

function addEntries(
  into: Map<string, KubeconfigEntry>,
  file: string,
  root: Record<string, unknown>,
  listName: string,
  fieldsName: string,
): void {
  const list = root[listName] ?? []
  if (!Array.isArray(list)) throw malformed(file, listName, 'is not a list')
  for (const [index, entry] of list.entries()) {
    const place = `${listName}[${index}]`
    if (!isRecord(entry)) throw malformed(file, place, 'is not a map')
    const name = entry['name']
    if (typeof name !== 'string' || name === '') throw malformed(file, `${place}.name`, 'is missing')
    const fields = entry[fieldsName] ?? {}
    if (!isRecord(fields)) throw malformed(file, `${place}.${fieldsName}`, 'is not a map')
    if (!into.has(name)) into.set(name, { name, file, at: `${place}.${fieldsName} (${name})`, fields })
  }
}

/** The text of a field, or undefined where it is absent or empty. */
export function textField(entry: KubeconfigEntry, field: string): string | undefined {
  const value = entry.fields[field]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw malformed(entry.file, `${entry.at}.${field}`, 'is not a string')
  return value
}

export function booleanField(entry: KubeconfigEntry, field: string): boolean {
  const value = entry.fields[field]
  if (value === undefined || value === null) return false
  if (typeof value !== 'boolean') throw malformed(entry.file, `${entry.at}.${field}`, 'is not true or false')
  return value
}

/** A field that names a file, as an absolute path. */
export function pathField(entry: KubeconfigEntry, field: string): string | undefined {
  const value = textField(entry, field)
  return value === undefined ? undefined : resolve(dirname(entry.file), value)
}

/** A field that holds PEM in base64, decoded. */
export function pemDataField(entry: KubeconfigEntry, field: string): string | undefined {
  const value = textField(entry, field)
  if (value === undefined) return undefined
  const pem = Buffer.from(value, 'base64').toString('utf8')
  if (!pem.includes('-----BEGIN ')) throw malformed(entry.file, `${entry.at}.${field}`, 'is not PEM in base64')
  return pem
}

/** A KubeError that says which file, what in it, and what is wrong with it. Values are never quoted: they may be secret. */
export function malformed(file: string, place: string, problem: string, cause?: unknown): KubeError {
  return new KubeError({ code: 'BadKubeconfig', message: `kubeconfig ${file}: ${place} ${problem}`, cause })
}
