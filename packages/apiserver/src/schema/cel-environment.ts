import type { Environment } from '@marcbachmann/cel-js'
import { type Budget, BudgetExceeded, callStepsMax, meter } from './cel-budget.ts'
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

/** An expression that can be computed once it was checked. */
export interface Parsed {
  /** Throws BudgetExceeded when it costs more than one evaluation may, or than is left. */
  (context: Readonly<Record<string, unknown>>, budget: Budget): unknown
  readonly check: () => { readonly valid: boolean; readonly type?: string; readonly error?: unknown }
  readonly identifiers: ReadonlySet<string>
}

/** Parses an expression. Throws the library's ParseError, or an error for what Kubernetes does not have. */
export function parseCel(environment: Environment, expression: string): Parsed {
  const parsed = environment.parse(expression)
  const seen: Seen = { identifiers: new Set(), literals: [] }
  prepare(parsed.ast as unknown as CelNode, seen)
  let stepsLeft = 0
  let isMetered = false
  const run = (context: Readonly<Record<string, unknown>>, budget: Budget): unknown => {
    if (!isMetered) throw new Error('unchecked expression')
    const allowed = Math.min(callStepsMax, budget.stepsLeft)
    stepsLeft = allowed
    try {
      const result = parsed({ ...context })
      // A quantifier goes on after an error: the answer may be there although there was no budget for it.
      if (stepsLeft < 0) throw new BudgetExceeded()
      return result
    } catch (error) {
      throw stepsLeft < 0 ? new BudgetExceeded() : error
    } finally {
      budget.stepsLeft -= allowed - stepsLeft
    }
  }
  const pay = (steps: number): void => {
    stepsLeft -= steps
    if (stepsLeft < 0) throw new BudgetExceeded()
  }
  const check = (): ReturnType<Parsed['check']> => {
    const checked = parsed.check()
    const error = checked.valid ? badLiteral(seen.literals, environment) : undefined
    if (checked.valid && !isMetered) meter(parsed.ast, pay)
    isMetered ||= checked.valid
    return error ? { valid: false, error } : checked
  }
  return Object.assign(run, { check, identifiers: seen.identifiers })
}

interface Seen {
  readonly identifiers: Set<string>
  /** Literal arguments that can be checked before any value is there. */
  readonly literals: { readonly name: string; readonly node: CelNode }[]
}

/** Replaces functions, and notes what was seen. */
function prepare(node: unknown, seen: Seen): void {
  if (Array.isArray(node)) return node.forEach((item) => prepare(item, seen))
  if (!isNode(node)) return
  if (node.op === 'id') seen.identifiers.add(String(node.args))
  if (!isCall(node)) return prepare(node.args, seen)
  const [name] = node.args
  noteLiteral(name, node.args.at(-1) as readonly CelNode[], seen)
  // The library's `matches` takes exponential time.
  if (name === 'matches') node.args[0] = 'matchesInLinearTime'
  replaceCall(node)
  prepare(node.args, seen)
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

function isCall(node: CelNode): node is CelNode & { readonly args: unknown[] } {
  return (node.op === 'call' || node.op === 'rcall') && Array.isArray(node.args)
}

function isNode(value: unknown): value is CelNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}
