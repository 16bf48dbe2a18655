/** Counts calls and makes chosen ones fail: the Nth once, or from the Nth on. */
export interface FailurePlan {
  readonly nth: number
  readonly mode: 'once' | 'from-then-on'
  readonly error: () => unknown
}

export interface FaultyCalls<T> {
  readonly target: T
  /** How many calls were seen, failed ones included. */
  readonly calls: () => number
}

/** Wraps every method of an object; without a plan it only counts, which tells how many N there are. */
export function withFailures<T extends object>(target: T, plan?: FailurePlan): FaultyCalls<T> {
  let calls = 0
  const proxy = new Proxy(target, {
    get(object, property, receiver) {
      const value: unknown = Reflect.get(object, property, receiver)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        calls++
        if (plan && (plan.mode === 'once' ? calls === plan.nth : calls >= plan.nth)) throw plan.error()
        return Reflect.apply(value, object, args)
      }
    },
  })
  return { target: proxy, calls: () => calls }
}
