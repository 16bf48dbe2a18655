import type { Problem } from './decision.ts'
import type { ComponentName } from './names.ts'

/** The condition that says whether a component is ready. */
export const readyTypes: Readonly<Record<ComponentName, string>> = {
  predictor: 'PredictorReady',
  transformer: 'TransformerReady',
  explainer: 'ExplainerReady',
}

/** What is wrong with a pod is told by the condition of the component that it belongs to. */
export function ofComponent(problem: Problem, component: ComponentName | 'router'): Problem {
  if (problem.condition !== readyTypes.predictor || component === 'router') return problem
  return { ...problem, condition: readyTypes[component] }
}
