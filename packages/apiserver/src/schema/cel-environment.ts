import type { Environment } from '@marcbachmann/cel-js'
import type { CelNode } from './cel-node.ts'
import { registerLists } from './cel-library-lists.ts'
import { registerNetwork } from './cel-library-network.ts'
import { registerQuantities } from './cel-library-quantities.ts'
import { registerText } from './cel-library-text.ts'
import { replaceCall } from './cel-macros.ts'
import { compileRegexp } from './regexp-matcher.ts'

export { celErrorText } from './cel-errors.ts'

/** The CEL module, and an environment with Kubernetes' libraries to clone from. */
export interface Cel {
  readonly module: typeof import('@marcbachmann/cel-js')
  readonly base: Environment
}

/** Kubernetes' own bounds are of the same order; they keep a rule from growing without end. */
const limits = { maxAstNodes: 20_000, maxDepth: 100, maxListElements: 1000, maxMapEntries: 1000, maxCallArguments: 32 }

let loading: Promise<Cel> | undefined

/** Loads the CEL library when the first rule appears (most servers never have one), once. */
export function loadCel(): Promise<Cel> {
  loading ??= import('@marcbachmann/cel-js').then((module) => {
    const base = new module.Environment({ enableOptionalTypes: true, limits })
    registerText(base, module)
    registerLists(base)
    registerQuantities(base, module)
    registerNetwork(base, module)
    return { module, base }
  })
  return loading
}

export interface Parsed {
  (context: Readonly<Record<string, unknown>>): unknown
  readonly check: () => { readonly valid: boolean; readonly type?: string; readonly error?: unknown }
  readonly cost: Cost
  readonly identifiers: ReadonlySet<string>
}

/** What bounds the steps of an evaluation: elements^loopDepth · growth. */
export interface Cost {
  /** How deep loops stand in loops. */
  readonly loopDepth: number
  /** How many times longer mapped lists and texts may get. */
  readonly growth: number
}

/** Parses an expression. Throws the library's ParseError, or an error for what Kubernetes does not have. */
export function parseCel(environment: Environment, expression: string): Parsed {
  const parsed = environment.parse(expression)
  const seen = { identifiers: new Set<string>(), growth: 1, literals: [] }
  const loopDepth = prepare(parsed.ast as unknown as CelNode, seen)
  const run = (context: Readonly<Record<string, unknown>>): unknown => parsed({ ...context })
  const check = (): ReturnType<Parsed['check']> => {
    const checked = parsed.check()
    const error = checked.valid ? badLiteral(seen.literals, environment) : undefined
    return error ? { valid: false, error } : checked
  }
  return Object.assign(run, { check, cost: { loopDepth, growth: seen.growth }, identifiers: seen.identifiers })
}

interface Seen {
  readonly identifiers: Set<string>
  growth: number
  /** Literal arguments that can be checked before any value is there. */
  readonly literals: { readonly name: string; readonly node: CelNode }[]
}

const quantifiers: ReadonlySet<unknown> = new Set(['all', 'exists', 'exists_one', 'existsOne', 'filter'])
const makers: ReadonlySet<unknown> = new Set(['map', 'transformList', 'transformMap', 'transformMapEntry'])

/** Replaces functions, notes what was seen, and gives back the depth of loops. */
function prepare(node: unknown, seen: Seen): number {
  if (Array.isArray(node)) return Math.max(0, ...node.map((item) => prepare(item, seen)))
  if (!isNode(node)) return 0
  if (node.op === 'id') seen.identifiers.add(String(node.args))
  if (!isCall(node)) return prepare(node.args, seen)
  const [name] = node.args
  const args = node.args.at(-1) as readonly CelNode[]
  noteLiteral(name, args, seen)
  // The library's `matches` takes exponential time.
  if (name === 'matches') node.args[0] = 'matchesInLinearTime'
  replaceCall(node)
  if (makers.has(name)) seen.growth *= 1 + countOperators(args, '+')
  const isLoop = node.op === 'rcall' && (quantifiers.has(name) || makers.has(name))
  return (isLoop ? 1 : 0) + prepare(node.args, seen)
}

function noteLiteral(name: unknown, args: readonly CelNode[], seen: Seen): void {
  const last = args.at(-1)
  if (last?.op !== 'value' || typeof last.args !== 'string') return
  if (name === 'matches' || name === 'duration' || name === 'timestamp') seen.literals.push({ name, node: last })
}

function badLiteral(literals: Seen['literals'], environment: Environment): object | undefined {
  const isBad = ({ name, node }: Seen['literals'][number]): boolean => {
    if (name === 'matches') return !compileRegexp(String(node.args)).ok
    try {
      environment.evaluate(`${name}(${JSON.stringify(node.args)})`)
      return false
    } catch {
      return true
    }
  }
  const bad = literals.find(isBad)
  return bad && { summary: `invalid ${bad.name} argument`, node: bad.node, range: { start: bad.node.start } }
}

function countOperators(node: unknown, operator: string): number {
  if (Array.isArray(node)) return node.reduce((sum: number, item) => sum + countOperators(item, operator), 0)
  if (!isNode(node)) return 0
  return (node.op === operator ? 1 : 0) + countOperators(node.args, operator)
}

function isCall(node: CelNode): node is CelNode & { readonly args: unknown[] } {
  return (node.op === 'call' || node.op === 'rcall') && Array.isArray(node.args)
}

function isNode(value: unknown): value is CelNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}
