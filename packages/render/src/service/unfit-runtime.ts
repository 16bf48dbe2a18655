import type { Problem } from '../decision.ts'
import type { Runtime } from '../runtime/select-runtime.ts'

export function unfitRuntime(runtime: Runtime, what: string): Problem {
  return {
    reason: 'InvalidPredictorSpec',
    message: `Runtime "${runtime.name}" ${what}: correct the runtime, or choose another in spec.predictor.model.runtime.`,
    path: 'spec.predictor.model.runtime',
    condition: 'PredictorReady',
  }
}
