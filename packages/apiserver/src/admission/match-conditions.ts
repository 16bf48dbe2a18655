import { celErrorText, loadCel, type Parsed, parseCel } from '../schema/cel-environment.ts'
import { internalError } from '../http/api-error.ts'
import type { Webhook } from './webhook-configuration.ts'

/** Whether all matchConditions of a webhook hold for a request. Throws 500 for one that fails to run. */
export type MeetsConditions = (webhook: Webhook, request: Record<string, unknown>) => Promise<boolean>

const compiledMax = 256
/** What the conditions of one webhook may cost together: Kubernetes' RuntimeCELCostBudgetMatchConditions. */
const stepsMax = 2_500_000

/** CEL conditions, compiled once each; the CEL library is loaded when the first one comes. */
export function createConditionCheck(): MeetsConditions {
  const compiled = new Map<string, Parsed>()

  async function compile(expression: string): Promise<Parsed> {
    const known = compiled.get(expression)
    if (known) return known
    const { base } = await loadCel()
    const environment = base.clone()
    for (const name of ['object', 'oldObject', 'request']) environment.registerVariable(name, 'dyn')
    const run = parseCel(environment, expression)
    const { valid, error } = run.check()
    if (!valid) throw error
    compiled.set(expression, run)
    const oldest = compiled.keys().next().value
    if (compiled.size > compiledMax && oldest !== undefined) compiled.delete(oldest)
    return run
  }

  return async (webhook, request) => {
    const { matchConditions = [] } = webhook
    if (matchConditions.length === 0) return true
    const { object, oldObject, ...rest } = request
    const context = { object: celValue(object), oldObject: celValue(oldObject), request: celValue(rest) }
    const budget = { stepsLeft: stepsMax }
    for (const { name, expression } of matchConditions) {
      try {
        const run = await compile(expression)
        if (run(context, budget) !== true) return false
      } catch (error) {
        if (webhook.failurePolicy === 'Ignore') return false
        const why = celErrorText(error)
        throw internalError(`matchCondition "${name}" of webhook "${webhook.name}" failed: ${why}`)
      }
    }
    return true
  }
}

/** JSON as CEL sees it: whole numbers are ints, which the library takes from BigInt. */
function celValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(celValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, celValue(item)]))
}
