import type { CelNode } from './cel-node.ts'

type Checker = {
  createError(code: string, message: string, node: CelNode): Error
  check(node: CelNode, context: Scope): CheckedType
  getType(name: string): CheckedType
}
type Evaluator = {
  run(node: CelNode, context: Scope): unknown
  debugType(value: unknown): { fieldLazy(value: unknown, name: string, node: CelNode, evaluator: Evaluator): unknown }
}
type CheckedType = {
  readonly kind: string
  readonly keyType?: CheckedType
  readonly valueType?: CheckedType
}
/** What names mean at a place, when types are checked and when values are computed. */
type Scope = {
  forkWithVariable(name: string, type: CheckedType): Scope
  reuse(parent: Scope): Scope
  setIterValue(value: unknown, evaluator: Evaluator): Scope
}
interface Macro {
  typeCheck(checker: Checker, macro: unknown, context: Scope): CheckedType
  evaluate(evaluator: Evaluator, macro: unknown, context: Scope): unknown
}

/** Replaces how a call is checked and computed, where the library's own way differs from Kubernetes'. */
export function replaceCall(node: CelNode): void {
  if (!Array.isArray(node.args)) return
  const [name, ...rest] = node.args as [unknown, ...unknown[]]
  if (node.op === 'call' && name === 'has') {
    const [field] = rest[0] as readonly CelNode[]
    if (field) setMacro(node, fieldMacro(field))
  }
  if (node.op !== 'rcall' || typeof name !== 'string') return
  const [receiver, args] = rest as [CelNode, readonly CelNode[]]
  const [first] = args
  // Values bound again and again grow without end; Kubernetes has no such macro.
  if (name === 'bind' && receiver.op === 'id' && receiver.args === 'cel') throw unknownName(receiver)
  if (name === 'format' && first?.op === 'list') setMacro(first, mixedList(first.args as readonly CelNode[]))
  const loop = args.length >= 3 ? twoVariableLoops[name] : undefined
  if (loop && !(name === 'map' || name === 'filter')) setMacro(node, twoVariables(loop, receiver, args))
}

function unknownName(node: CelNode): Error {
  const summary = `undeclared reference to '${String(node.args)}' (in container '')`
  return Object.assign(new Error(summary), { summary, node, range: { start: node.start } })
}

function setMacro(node: CelNode, macro: Macro): void {
  node.setMeta('macro', macro).setMeta('async', false)
}

/** `has(self.a.b[0].c)`: the last field only is asked for, the way there must exist. */
function fieldMacro(node: CelNode): Macro {
  return {
    typeCheck: (checker, _macro, context) => {
      if (node.op !== '.') throw checker.createError('invalid_macro_argument', 'invalid argument to has() macro', node)
      checker.check(node, context)
      return checker.getType('bool')
    },
    evaluate: (evaluator, _macro, context) => {
      const [owner, name] = node.args as [CelNode, string]
      const value = evaluator.run(owner, context)
      return evaluator.debugType(value).fieldLazy(value, name, node, evaluator) !== undefined
    },
  }
}

/** The list that format() takes may hold values of any types. */
function mixedList(items: readonly CelNode[]): Macro {
  return {
    typeCheck: (checker, _macro, context) => {
      for (const item of items) checker.check(item, context)
      return checker.getType('list<dyn>')
    },
    evaluate: (evaluator, _macro, context) => items.map((item) => evaluator.run(item, context)),
  }
}

interface Loop {
  readonly type: 'bool' | 'list<dyn>' | 'map<dyn, dyn>'
  /** `each` computes the parts after the two variables, for one element. */
  run(elements: readonly (readonly [unknown, unknown])[], each: (part: number) => EachPart): unknown
}
type EachPart = (key: unknown, value: unknown) => unknown

const filtered =
  (each: (part: number) => EachPart, parts: number): EachPart =>
  (key, value) =>
    parts === 1 || each(0)(key, value) === true

const twoVariableLoops: Readonly<Record<string, (parts: number) => Loop>> = {
  all: () => ({ type: 'bool', run: (all, each) => quantify(all, each(0), false) }),
  exists: () => ({ type: 'bool', run: (all, each) => quantify(all, each(0), true) }),
  existsOne: () => ({ type: 'bool', run: (all, each) => all.filter(([k, v]) => each(0)(k, v) === true).length === 1 }),
  exists_one: () => ({ type: 'bool', run: (all, each) => all.filter(([k, v]) => each(0)(k, v) === true).length === 1 }),
  transformList: (parts) => ({
    type: 'list<dyn>',
    run: (all, each) => all.filter(([k, v]) => filtered(each, parts)(k, v)).map(([k, v]) => each(parts - 1)(k, v)),
  }),
  transformMap: (parts) => ({
    type: 'map<dyn, dyn>',
    run: (all, each) =>
      new Map(all.filter(([k, v]) => filtered(each, parts)(k, v)).map(([k, v]) => [k, each(parts - 1)(k, v)])),
  }),
  transformMapEntry: (parts) => ({
    type: 'map<dyn, dyn>',
    run: (all, each) => {
      const kept = all.filter(([k, v]) => filtered(each, parts)(k, v))
      return new Map(kept.flatMap(([k, v]) => entriesOf(each(parts - 1)(k, v))))
    },
  }),
}

/** An error counts only where no other element decides. */
function quantify(elements: readonly (readonly [unknown, unknown])[], holds: EachPart, wanted: boolean): boolean {
  let failure: { readonly error: unknown } | undefined
  for (const [key, value] of elements) {
    try {
      if (holds(key, value) === wanted) return wanted
    } catch (error) {
      failure ??= { error }
    }
  }
  if (failure) throw failure.error
  return !wanted
}

/** `list.all(index, value, …)`, `map.exists(key, value, …)`, `transformList`, `transformMap`, `transformMapEntry`. */
function twoVariables(loopOf: (parts: number) => Loop, receiver: CelNode, args: readonly CelNode[]): Macro {
  const [first, second, ...parts] = args as [CelNode, CelNode, ...CelNode[]]
  const loop = loopOf(parts.length)
  let outer: Scope | undefined
  let inner: Scope | undefined
  return {
    typeCheck: (checker, _macro, context) => {
      const range = checker.check(receiver, context)
      const dyn = checker.getType('dyn')
      const isList = range.kind === 'list'
      const key = isList ? checker.getType('int') : (range.keyType ?? dyn)
      outer = context.forkWithVariable(nameOf(first, checker), key)
      inner = outer.forkWithVariable(nameOf(second, checker), range.valueType ?? dyn)
      for (const part of parts) checker.check(part, inner)
      return checker.getType(loop.type)
    },
    evaluate: (evaluator, _macro, context) => {
      if (!outer || !inner) throw new Error('unchecked expression')
      const [withKey, withBoth] = [outer.reuse(context), inner]
      const each = (index: number): EachPart => {
        const part = parts[index] as CelNode
        return (key, value) => {
          const scope = withBoth.reuse(withKey.setIterValue(key, evaluator)).setIterValue(value, evaluator)
          return evaluator.run(part, scope)
        }
      }
      return loop.run(entriesOf(evaluator.run(receiver, context)), each)
    },
  }
}

function nameOf(node: CelNode, checker: Checker): string {
  if (node.op === 'id') return String(node.args)
  throw checker.createError('invalid_macro_argument', 'argument must be a simple name', node)
}

function entriesOf(range: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(range)) return range.map((value, index) => [BigInt(index), value])
  if (range instanceof Map) return [...range]
  if (typeof range === 'object' && range !== null) return Object.entries(range)
  throw new Error('no such overload')
}
