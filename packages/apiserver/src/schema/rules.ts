import type { Environment } from '@marcbachmann/cel-js'
import { type Budget, BudgetExceeded } from './cel-budget.ts'
import { type Cel, loadCel, type Parsed, parseCel } from './cel-environment.ts'
import { celErrorText } from './cel-errors.ts'
import type { CelType } from './cel-types.ts'
import { deepEqual } from './deep-equal.ts'
import { duplicate, type FieldError, forbidden, invalid, required } from './field-error.ts'
import { ruleEnvironments } from './rule-environment.ts'
import { splitFieldPath } from './rule-field-path.ts'
import type { Rule, Schema } from './schema.ts'
import { oldField, oldItems, type OldValue } from './validate.ts'

export { checkRules } from './check-rules.ts'

/** Compiled x-kubernetes-validations of one schema. */
export interface RuleSet {
  /** `old` undefined: create. Bounded in steps; running out is a finding. */
  validate(value: unknown, old: unknown): readonly FieldError[]
}

/** Steps that the rules of one object may take together: Kubernetes' RuntimeCELCostBudget. */
const stepsMax = 10_000_000
const messageCharactersMax = 5 * 1024

/** Compiles every rule below the schema; undefined where it has none (then the CEL library is never loaded). */
export async function compileRules(schema: Schema): Promise<RuleSet | undefined> {
  if (!hasRules(schema, new Set())) return undefined
  const cel = await loadCel()
  const root = compileNode(schema, cel, new Map(), true)
  return {
    validate: (value, old) => {
      const run: Run = { findings: [], budget: { stepsLeft: stepsMax }, optional: cel.module.Optional }
      const before = old === undefined || old === null ? undefined : { value: old }
      validateNode(root, value, before, '', run, { isUnchanged: before !== undefined && deepEqual(value, old) })
      return run.findings
    },
  }
}

function hasRules(schema: Schema, seen: Set<Schema>): boolean {
  if (seen.has(schema)) return false
  seen.add(schema)
  if (rulesOf(schema).length > 0) return true
  const children = [...(schema.properties?.values() ?? []), schema.items, schema.additional]
  return children.some((child) => child !== undefined && hasRules(child, seen))
}

/** A node's own rules and those of its allOf. */
function rulesOf(schema: Schema): readonly Rule[] {
  const nested = schema.constraints?.allOf
  return nested ? [...schema.rules, ...nested.flatMap((part) => part.rules)] : schema.rules
}

interface CompiledRule {
  readonly rule: Rule
  readonly program: Parsed | undefined
  readonly error: string | undefined
  readonly message: Parsed | undefined
  readonly usesOld: boolean
}

interface RuleNode {
  readonly schema: Schema
  readonly rules: readonly CompiledRule[]
  readonly type: CelType | undefined
  /** Children that have rules somewhere below. */
  readonly properties: ReadonlyMap<string, RuleNode>
  readonly additional: RuleNode | undefined
  readonly items: RuleNode | undefined
}

function compileNode(schema: Schema, cel: Cel, known: Map<Schema, RuleNode>, isRoot: boolean): RuleNode {
  const found = known.get(schema)
  if (found) return found
  const node: { -readonly [K in keyof RuleNode]: RuleNode[K] } = {
    schema,
    rules: [],
    type: undefined,
    properties: new Map(),
    additional: undefined,
    items: undefined,
  }
  known.set(schema, node)
  const child = (inner: Schema | undefined): RuleNode | undefined =>
    inner && hasRules(inner, new Set()) ? compileNode(inner, cel, known, false) : undefined
  const properties = [...(schema.properties ?? [])].flatMap(([name, inner]): [string, RuleNode][] => {
    const compiled = child(inner)
    return compiled ? [[name, compiled]] : []
  })
  node.properties = new Map(properties)
  node.additional = child(schema.additional)
  node.items = child(schema.items)
  const rules = rulesOf(schema)
  if (rules.length > 0) Object.assign(node, compileOwn(schema, rules, cel, isRoot))
  return node
}

function compileOwn(
  schema: Schema,
  rules: readonly Rule[],
  cel: Cel,
  isRoot: boolean,
): Pick<RuleNode, 'rules' | 'type'> {
  const known = ruleEnvironments(schema, cel, isRoot)
  const compiled = rules.map((rule) => compileRule(rule, rule.optionalOldSelf ? known.optional : known.plain))
  return { rules: compiled, type: known.type }
}

function compileRule(rule: Rule, environment: Environment): CompiledRule {
  try {
    const program = parseCel(environment, rule.rule)
    const checked = program.check()
    const error = checked.valid ? undefined : celErrorText(checked.error)
    const usesOld = program.identifiers.has('oldSelf')
    return { rule, program, error, message: messageOf(rule, environment), usesOld }
  } catch (error) {
    return { rule, program: undefined, error: celErrorText(error), message: undefined, usesOld: false }
  }
}

function messageOf(rule: Rule, environment: Environment): Parsed | undefined {
  if (!rule.messageExpression) return undefined
  try {
    const program = parseCel(environment, rule.messageExpression)
    return program.check().valid ? program : undefined
  } catch {
    return undefined // checkRules refuses it when the CRD is made; a stored one falls back to the plain message
  }
}

interface Run {
  readonly findings: FieldError[]
  readonly budget: Budget
  readonly optional: { of(value: unknown): unknown; none(): unknown }
}

/** Whether the nearest part of the object that has a former self is the same as that. */
interface Ratchet {
  readonly isUnchanged: boolean
}

function validateNode(
  node: RuleNode,
  value: unknown,
  old: OldValue | undefined,
  path: string,
  run: Run,
  ratchet: Ratchet,
): void {
  if (value === null || value === undefined || run.budget.stepsLeft < 0) return
  if (node.rules.length > 0 && node.type) runRules(node, node.type, value, old, path, run, ratchet)
  const below = (child: RuleNode, item: unknown, former: OldValue | undefined, at: string): void => {
    const isUnchanged = former ? deepEqual(item, former.value) : ratchet.isUnchanged
    validateNode(child, item, former, at, run, { isUnchanged })
  }
  if (Array.isArray(value)) {
    const { items } = node
    if (!items) return
    const formerOf = oldItems(node.schema, old)
    value.forEach((item, index) => below(items, item, formerOf(item), `${path}[${index}]`))
    return
  }
  if (typeof value !== 'object') return
  for (const [key, item] of Object.entries(value)) {
    const known = node.properties.get(key)
    const child = known ?? (node.schema.properties?.has(key) ? undefined : node.additional)
    if (!child) continue
    below(child, item, oldField(node.schema, old, key), known ? joined(path, key) : `${path}[${key}]`)
  }
}

const joined = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

function runRules(
  node: RuleNode,
  type: CelType,
  value: unknown,
  old: OldValue | undefined,
  path: string,
  run: Run,
  ratchet: Ratchet,
): void {
  const shown = node.schema.type ?? ''
  const self = type.convert(value)
  const former = old && old.value !== null ? type.convert(old.value) : undefined
  for (const compiled of node.rules) {
    const { rule, program, error, usesOld } = compiled
    if (!program || error !== undefined) {
      run.findings.push(invalid(path || rootPath, shown, `rule compile error: ${error ?? ''}`))
      continue
    }
    if (usesOld && former === undefined && !rule.optionalOldSelf) continue
    const oldSelf = rule.optionalOldSelf
      ? former === undefined
        ? run.optional.none()
        : run.optional.of(former)
      : former
    const { finding, isLast } = runRule(compiled, program, { self, oldSelf }, path, node.schema, run.budget)
    if (isLast) {
      run.budget.stepsLeft = -1
      run.findings.push(finding)
      return
    }
    if (finding && (usesOld || !ratchet.isUnchanged)) run.findings.push(finding)
  }
}

type Outcome =
  | { readonly isLast: false; readonly finding: FieldError | undefined }
  /** No rule is run any more. */
  | { readonly isLast: true; readonly finding: FieldError }

function runRule(
  { rule, message }: CompiledRule,
  program: Parsed,
  context: Readonly<Record<string, unknown>>,
  path: string,
  schema: Schema,
  budget: Budget,
): Outcome {
  const shown = schema.type ?? ''
  const ruleText = (rule.message ?? rule.rule).trim()
  try {
    if (program(context, budget) === true) return { isLast: false, finding: undefined }
  } catch (error) {
    if (error instanceof BudgetExceeded) {
      const detail =
        budget.stepsLeft < 0
          ? 'validation failed due to running out of cost budget, no further validation rules will be run'
          : `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${ruleText}`
      return { isLast: true, finding: invalid(path || rootPath, shown, detail) }
    }
    const detail = `${celErrorText(error)} evaluating rule: ${ruleText}`
    return { isLast: false, finding: invalid(path || rootPath, shown, detail) }
  }
  const at = placeOf(path, rule.fieldPath, schema)
  const finding = findingFor(rule, at, shown, madeMessage(message, context, budget) ?? plainMessage(rule))
  return { isLast: false, finding }
}

/** How Go shows the path of the object itself. */
const rootPath = '<nil>'

/** `.spec['a-b'].m.key` below `path`: properties with dots, keys of maps in brackets. */
function placeOf(path: string, fieldPath: string | undefined, schema: Schema): string {
  let at: Schema | undefined = schema
  let place = path
  for (const name of splitFieldPath(fieldPath ?? '') ?? []) {
    const property: Schema | undefined = at?.properties?.get(name)
    place = property ? joined(place, name) : `${place}[${name}]`
    at = property ?? at?.additional
  }
  return place || rootPath
}

function findingFor(rule: Rule, path: string, shown: string, detail: string): FieldError {
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbidden(path, detail)
    case 'FieldValueRequired':
      return required(path, detail)
    case 'FieldValueDuplicate':
      return duplicate(path, shown)
    default:
      return invalid(path, shown, detail)
  }
}

function plainMessage(rule: Rule): string {
  const message = rule.message?.trim()
  return message ? message : `failed rule: ${rule.rule.trim()}`
}

/** What messageExpression says; undefined where it fails, is no string, is too long or has line breaks. */
function madeMessage(
  message: Parsed | undefined,
  context: Readonly<Record<string, unknown>>,
  budget: Budget,
): string | undefined {
  if (!message) return undefined
  try {
    const text = message(context, budget)
    const trimmed = typeof text === 'string' ? text.trim() : ''
    return trimmed === '' || trimmed.length > messageCharactersMax || /[\r\n]/.test(trimmed) ? undefined : trimmed
  } catch {
    return undefined
  }
}
