import { formatPath } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { type Document, isMap, isPair, isScalar, isSeq, LineCounter, type Node } from 'yaml'
import { CommandError } from './command-error.ts'
import { placeInItself, readYaml, repeatedKeys } from './read-yaml.ts'

/** A place in a file; lines and columns count from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** An object as a user wrote it, with the way back to the place of each of its fields. */
export interface Manifest {
  readonly object: KubeObject
  /** Where the field at `path` stands; a missing field gives the place of its nearest parent. */
  readonly positionOf: (path: readonly (string | number)[]) => Position
}

export interface ManifestProblem {
  readonly position: Position
  readonly message: string
  /** False: the document has neither apiVersion nor kind, so it was hardly meant as an object. */
  readonly isManifest?: boolean
}

export interface Manifests {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly ManifestProblem[]
}

const fileBytesMax = 16 * 1024 * 1024
const dumpBytesMax = 128 * 1024 * 1024
const filesMax = 10_000
const aliasesMax = 1000
const endings = new Set(['.yaml', '.yml', '.json'])

export interface ReadOptions {
  /**
   * What a program wrote, such as a backup: it may be larger, and the place of a field is that of its document, so that not
   * all of it is held as it was parsed.
   */
  readonly isDump?: boolean
}

/** Reads files, folders (not their sub-folders) and `-` for standard input. Throws CommandError for what cannot be read. */
export function readManifests(paths: readonly string[], options: ReadOptions = {}): Manifests {
  const read = paths.flatMap((path) => {
    const files = expand(path)
    return files.map((file) => {
      const { manifests, problems } = parseManifests(file === '-' ? '<stdin>' : file, readText(file, options), options)
      // A folder may hold other things beside manifests, such as request bodies; a file that is named must be one.
      const told = problems.filter((problem) => files[0] === path || problem.isManifest !== false)
      return { manifests, problems: told }
    })
  })
  return {
    manifests: read.flatMap(({ manifests }) => manifests),
    problems: read.flatMap(({ problems }) => problems),
  }
}

function expand(path: string): readonly string[] {
  if (path === '-') return [path]
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) throw new CommandError(`${path}: there is no such file or folder`)
  if (!stat.isDirectory()) return [path]
  const files = readdirSync(path)
    .filter((name) => endings.has(extname(name)))
    .sort()
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile())
  if (files.length === 0) throw new CommandError(`${path}: no .yaml, .yml or .json file in this folder`)
  if (files.length > filesMax) throw new CommandError(`${path}: more than ${filesMax} files`)
  return files
}

function readText(file: string, { isDump }: ReadOptions): string {
  const bytesMax = isDump ? dumpBytesMax : fileBytesMax
  const refuse = (size: number) =>
    new CommandError(`${file}: ${size} bytes, the limit is ${bytesMax}: split it, several -f are read together`)
  const size = file === '-' ? 0 : statSync(file).size
  if (size > bytesMax) throw refuse(size)
  try {
    const bytes = readFileSync(file === '-' ? 0 : file)
    if (bytes.length > bytesMax) throw refuse(bytes.length)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    if (cause instanceof TypeError) throw new CommandError(`${file}: is not text in UTF-8: save it as UTF-8`)
    throw new CommandError(`${file}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

/** Parses YAML (or JSON, a part of it) with any number of documents. A `List` gives its items. */
export function parseManifests(file: string, text: string, { isDump = false }: ReadOptions = {}): Manifests {
  const lines = new LineCounter()
  const into: Collection = { manifests: [], problems: [] }
  const { problems } = into
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  for (const document of readYaml(text, lines)) {
    const errors = [
      ...document.errors.map(({ pos, message }) => ({ offset: pos[0], message })),
      ...repeatedKeys(document),
    ]
    if (errors.length > 0) {
      for (const { offset, message } of errors) problems.push({ position: at(offset), message: inWords(message) })
      continue
    }
    const value = toValue(document, (offset, message) => problems.push({ position: at(offset), message }))
    if (value === undefined || value === null) continue
    collect(value, isDump ? always(at(offsetOf(document, []))) : placesIn(document, at), into)
  }
  return into
}

type PositionOf = Manifest['positionOf']

function placesIn(document: Document, at: (offset: number) => Position): PositionOf {
  return (path) => at(offsetOf(document, path))
}

/** Made apart from `placesIn`: closures of one function keep alive what any of them uses, here the parsed document. */
function always(position: Position): PositionOf {
  return () => position
}

interface Collection {
  readonly manifests: Manifest[]
  readonly problems: ManifestProblem[]
}

function collect(value: unknown, positionOf: PositionOf, into: Collection): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    into.problems.push({
      position: positionOf([]),
      message: 'expected a Kubernetes object (a mapping with apiVersion and kind)',
    })
    return
  }
  const fields: Readonly<Record<string, unknown>> = { ...value }
  const isManifest = fields.apiVersion !== undefined || fields.kind !== undefined
  for (const field of ['apiVersion', 'kind'] as const) {
    if (typeof fields[field] === 'string' && fields[field] !== '') continue
    into.problems.push({ position: positionOf([]), message: `the object has no ${field}`, isManifest })
    return
  }
  if (fields.kind === 'List' && Array.isArray(fields.items)) {
    for (const [index, item] of fields.items.entries())
      collect(item, (path) => positionOf(['items', index, ...path]), into)
    return
  }
  const metadata = fields.metadata
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    into.problems.push({ position: positionOf(['metadata']), message: 'the object has no metadata (at least a name)' })
    return
  }
  // apiVersion, kind and metadata were checked above; everything else stays unknown until a schema has seen it.
  into.manifests.push({ object: value as KubeObject, positionOf })
}

/** Plain data, or undefined after reporting: aliases that blow up are refused by the parser's own bound. */
function toValue(document: Document, report: (offset: number, message: string) => void): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: aliasesMax })
    const circle = placeInItself(value)
    if (circle === undefined) return value
    const message = 'is an alias of something that it stands in: write the value out'
    report(offsetOf(document, circle), `${formatPath(circle)}: ${message}`)
  } catch (cause) {
    report(offsetOf(document, []), inWords(cause instanceof Error ? cause.message : String(cause)))
  }
  return undefined
}

function offsetOf(document: Document, path: readonly (string | number)[]): number {
  let node: unknown = document.contents
  let offset = startOf(document.contents) ?? 0
  for (const step of path) {
    const next = child(node, step)
    if (next === undefined) break
    offset = next.offset
    node = next.node
  }
  return offset
}

function child(node: unknown, step: string | number): { readonly node: unknown; readonly offset: number } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
    )
    const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined
    return pair && start !== undefined ? { node: pair.value, offset: start } : undefined
  }
  if (isSeq(node)) {
    const item = node.items[Number(step)]
    const start = startOf(item)
    return item !== undefined && start !== undefined ? { node: item, offset: start } : undefined
  }
  return undefined
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}

/** The parser's first line, or what it means where the parser itself gave up. */
function inWords(message: string): string {
  if (/call stack|Stack overflow/.test(message)) return 'it is nested too deeply: no object of Kubernetes is'
  if (/alias count/.test(message)) return `its aliases stand for more than ${aliasesMax} values: write them out`
  return message.split('\n', 1)[0] ?? message
}

/** `file:line:column`, as editors and terminals open it. */
export function formatPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`
}
