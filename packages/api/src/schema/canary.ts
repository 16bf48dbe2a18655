import { int32, list, object, rule, type Schema } from './schema.ts'

type Canaries = readonly { readonly trafficPercent: number }[]

/** Never more than all of the traffic. */
const sharesSum = rule<Canaries>({
  name: 'canary-traffic',
  cel: '[self.map(c, c.trafficPercent)].all(shares, shares.sum() <= 100)',
  message: 'the trafficPercent of all canaries must be 100 or less together',
  holds: (canaries) => sumOf(canaries) <= 100,
  say: (canaries) => `the trafficPercent of all canaries is ${sumOf(canaries)} together: bring it to 100 or less`,
})

function sumOf(canaries: Canaries): number {
  return canaries.reduce((sum, { trafficPercent }) => sum + trafficPercent, 0)
}

/** The list of canaries, whose predictors are `predictor`. */
export function canary<T>(predictor: Schema<T>) {
  return list(
    'Other predictors that get a share of the traffic, each with pods of its own. Standard mode only.',
    object(
      'One canary.',
      { predictor, trafficPercent: int32('Percent of the traffic that it gets.', { minimum: 0, maximum: 100 }) },
      ['predictor', 'trafficPercent'],
    ),
    { listType: 'atomic', rules: [sharesSum] },
  )
}
