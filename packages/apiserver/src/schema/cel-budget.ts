import type { CelNode } from './cel-node.ts'

/** What evaluations may still cost together. */
export interface Budget {
  stepsLeft: number
}

/** What one evaluation may cost: cel-go's units in Kubernetes (PerCallLimit), which a node of the expression is about. */
export const callStepsMax = 1_000_000

/** An error takes as long as many steps to make, and quantifiers go on after it. */
const errorSteps = 50

export class BudgetExceeded extends Error {
  constructor() {
    super('operation cancelled: actual cost limit exceeded')
  }
}

/**
 * Makes every node of a checked expression pay when it is computed: one step, and more for a long list or text, which
 * whoever takes it will go through. What is computed over and over in a loop pays over and over.
 */
export function meter(root: unknown, pay: (steps: number) => void): void {
  const seen = new Set<unknown>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    if (Array.isArray(value)) return value.forEach(visit)
    if (!isNode(value)) return Object.values(value).forEach(visit)
    const { alternate, evaluate } = value.meta
    if (alternate) return visit(alternate)
    visit(value.args)
    if (!evaluate) return
    value.setMeta('evaluate', (...args: unknown[]): unknown => {
      pay(1)
      try {
        const result = evaluate(...args)
        if (typeof result === 'string') pay(result.length / 16)
        else if (Array.isArray(result)) pay(result.length / 8)
        return result
      } catch (error) {
        pay(errorSteps)
        throw error
      }
    })
  }
  visit(root)
}

function isNode(value: object): value is CelNode {
  return 'op' in value && 'args' in value && 'meta' in value
}
