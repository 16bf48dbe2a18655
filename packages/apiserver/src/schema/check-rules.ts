import { type Cel, loadCel, parseCel } from './cel-environment.ts'
import { compilationError } from './cel-errors.ts'
import { anySchema, compileCrdSchema } from './compile-schema.ts'
import { type FieldError, invalid, notSupported, required } from './field-error.ts'
import { goJson, goQuote, verbatim } from './go-text.ts'
import { type RuleEnvironments, ruleEnvironments } from './rule-environment.ts'
import { splitFieldPath } from './rule-field-path.ts'
import type { JsonSchema, Rule, Schema } from './schema.ts'

/**
 * Findings about the rules of a CRD's schema themselves, with paths below `path`: empty or multi-line texts, unknown
 * reasons, syntax, types, and oldSelf where nothing says which former part belongs to which. The schema is structural.
 */
export async function checkRules(crdSchema: JsonSchema, path: string): Promise<readonly FieldError[]> {
  if (!JSON.stringify(crdSchema).includes('"x-kubernetes-validations"')) return []
  const cel = await loadCel()
  const findings: FieldError[] = []
  const root = compileCrdSchema(crdSchema, anySchema)
  walk(crdSchema, root, path, { cel, findings, isRoot: true, environments: new Map(), uncorrelatable: undefined })
  return findings
}

interface Context {
  readonly cel: Cel
  readonly findings: FieldError[]
  readonly isRoot: boolean
  readonly environments: Map<Schema, RuleEnvironments>
  /** The first list above that is no list of type map: below it, old and new parts cannot be told together. */
  readonly uncorrelatable: string | undefined
}

function walk(raw: JsonSchema, schema: Schema, path: string, context: Context): void {
  const rules = Array.isArray(raw['x-kubernetes-validations']) ? (raw['x-kubernetes-validations'] as unknown[]) : []
  context.findings.push(...checkRulesOf(rules.filter(isObject) as unknown as Rule[], schema, path, context))
  const below: Context = { ...context, isRoot: false }
  for (const [name, property] of Object.entries(isObject(raw.properties) ? raw.properties : {})) {
    const child = schema.properties?.get(name)
    const uncorrelatable = schema.mapType === 'atomic' ? (context.uncorrelatable ?? path) : context.uncorrelatable
    if (isObject(property) && child) walk(property, child, `${path}.properties[${name}]`, { ...below, uncorrelatable })
  }
  if (isObject(raw.items) && schema.items) {
    const uncorrelatable = schema.listType === 'map' ? context.uncorrelatable : (context.uncorrelatable ?? path)
    walk(raw.items, schema.items, `${path}.items`, { ...below, uncorrelatable })
  }
  if (isObject(raw.additionalProperties) && schema.additional) {
    walk(raw.additionalProperties, schema.additional, `${path}.additionalProperties`, below)
  }
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

/** What is wrong with the texts; what they say is looked at where every rule has one. */
function checkRulesOf(rules: readonly Rule[], schema: Schema, path: string, context: Context): readonly FieldError[] {
  const at = (index: number): string => `${path}.x-kubernetes-validations[${index}]`
  const hasEmpty = rules.some(({ rule }) => rule.trim() === '')
  return rules.flatMap((rule, index) => {
    const findings = checkTexts(rule, schema, at(index))
    return findings.length > 0 || hasEmpty ? findings : checkExpressions(rule, schema, at(index), context)
  })
}

function checkTexts(rule: Rule, schema: Schema, path: string): FieldError[] {
  const findings: FieldError[] = []
  const text = rule.rule.trim()
  const message = rule.message?.trim() ?? ''
  const isLong = (value: string): boolean => /[\r\n]/.test(value)
  if (text === '') findings.push(required(`${path}.rule`, 'rule is not specified'))
  else if (rule.message && message === '') {
    findings.push(invalid(`${path}.message`, rule.message, 'must be non-empty if specified'))
  } else if (isLong(message)) findings.push(invalid(`${path}.message`, rule.message, 'must not contain line breaks'))
  else if (isLong(text) && message === '') {
    findings.push(required(`${path}.message`, 'message must be specified if rule contains line breaks'))
  }
  if (rule.messageExpression && rule.messageExpression.trim() === '') {
    findings.push(required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'))
  }
  if (rule.reason !== undefined && !reasons.includes(rule.reason)) {
    findings.push(notSupported(`${path}.reason`, rule.reason, reasons))
  }
  if (!rule.fieldPath) return findings
  if (rule.fieldPath.trim() === '') {
    findings.push(invalid(`${path}.fieldPath`, rule.fieldPath, 'must be non-empty if specified'))
  }
  if (isLong(rule.fieldPath))
    findings.push(invalid(`${path}.fieldPath`, rule.fieldPath, 'must not contain line breaks'))
  if (!leadsSomewhere(schema, rule.fieldPath)) {
    findings.push(invalid(`${path}.fieldPath`, rule.fieldPath, 'must be a valid path'))
  }
  return findings
}

/** Field by field in the schema. */
function leadsSomewhere(schema: Schema, path: string): boolean {
  let at: Schema | undefined = schema
  for (const name of splitFieldPath(path) ?? ['']) at = at?.properties?.get(name) ?? at?.additional
  return at !== undefined
}

function checkExpressions(rule: Rule, schema: Schema, path: string, context: Context): FieldError[] {
  let known = context.environments.get(schema)
  if (!known) context.environments.set(schema, (known = ruleEnvironments(schema, context.cel, context.isRoot)))
  const environment = rule.optionalOldSelf ? known.optional : known.plain
  const compile = (expression: string): { type: string; usesOld: boolean } | { error: string } => {
    try {
      const parsed = parseCel(environment, expression)
      const checked = parsed.check()
      if (!checked.valid) return { error: compilationError(checked.error, expression) }
      return { type: checked.type ?? 'dyn', usesOld: parsed.identifiers.has('oldSelf') }
    } catch (error) {
      return { error: compilationError(error, expression) }
    }
  }
  const findings: FieldError[] = []
  const compiled = compile(rule.rule)
  if ('error' in compiled) return [invalid(`${path}.rule`, goRule(rule), compiled.error)]
  if (compiled.type !== 'bool' && compiled.type !== 'dyn') {
    findings.push(invalid(`${path}.rule`, goRule(rule), 'cel expression must evaluate to a bool'))
  }
  if (rule.messageExpression) {
    const message = compile(rule.messageExpression)
    if ('error' in message) {
      findings.push(invalid(`${path}.messageExpression`, goRule(rule), `messageExpression ${message.error}`))
    } else if (message.type !== 'string' && message.type !== 'dyn') {
      findings.push(invalid(`${path}.messageExpression`, goRule(rule), 'messageExpression must evaluate to a string'))
    }
  }
  if (compiled.usesOld && context.uncorrelatable !== undefined) {
    const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${context.uncorrelatable}`
    findings.push(invalid(`${path}.rule`, rule.rule, detail))
  }
  if (!compiled.usesOld && rule.optionalOldSelf !== undefined) {
    const detail = 'may not be set if oldSelf is not used in rule'
    findings.push(invalid(`${path}.optionalOldSelf`, rule.optionalOldSelf, detail))
  }
  return findings
}

/** A rule as Go shows its struct. */
function goRule(rule: Rule): object {
  const text = (value: string | undefined): string => goQuote(value ?? '')
  return verbatim(
    `{"Rule":${goJson(rule.rule)},"Message":${text(rule.message)},"MessageExpression":${text(rule.messageExpression)},` +
      `"Reason":${goJson(rule.reason ?? null)},"FieldPath":${text(rule.fieldPath)},"OptionalOldSelf":${goJson(rule.optionalOldSelf ?? null)}}`,
  )
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
