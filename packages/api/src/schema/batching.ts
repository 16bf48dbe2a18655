import { integer, object } from './schema.ts'

/** spec.<component>.batcher */
export const batcher = object('Joins requests that arrive close together into one call of the model server.', {
  maxBatchSize: integer('Most instances in one call.'),
  maxLatency: integer('Longest that a request waits for others, in milliseconds.'),
  timeout: integer('Longest that the call may take, in seconds.'),
})
