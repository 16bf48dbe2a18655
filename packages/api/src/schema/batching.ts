import { integer, object } from './schema.ts'

const description = 'Joins requests that arrive close together into one call of the model server.'
const maxBatchSize = integer('Most instances in one call.')
const maxLatency = integer('Longest that a request waits for others, in milliseconds.')
const timeout = integer('Longest that the call may take, in seconds.')

/** spec.<component>.batcher */
export const batcher = object(description, { maxBatchSize, maxLatency, timeout })

/** The same with the units in the names. */
export const batcherV1 = object(description, {
  maxBatchSize,
  maxLatencyMilliseconds: maxLatency,
  timeoutSeconds: timeout,
})
