import { notBelow } from './number-rules.ts'
import { but, integer } from './schema.ts'

/** How a model is spread over several nodes. */
export const parallelSizes = {
  pipelineParallelSize: integer("How many nodes the model's layers are spread over, head included."),
  tensorParallelSize: integer('How many devices of one node share each layer.'),
}

const size = { rules: [notBelow(1, 'parallel-size')] }

/** As `parallelSizes`, of a service: those of a runtime may be anything while it is disabled. */
export const serviceParallelSizes = {
  pipelineParallelSize: but(parallelSizes.pipelineParallelSize, size),
  tensorParallelSize: but(parallelSizes.tensorParallelSize, size),
}
