import { integer, list, object, oneOf, text } from './schema.ts'
import { loggerStorage } from './storage.ts'

export const loggerModes = ['all', 'request', 'response'] as const
export type LoggerMode = (typeof loggerModes)[number]

/** spec.<component>.logger */
export const logger = object('Sends a copy of requests and responses somewhere, as CloudEvents.', {
  url: text('Where the copies go. Unset: the address the cluster sets.'),
  mode: oneOf('What to copy. Must be said.', loggerModes),
  metadataHeaders: list('Request headers to add to each copy.', text('A header name.')),
  metadataAnnotations: list('Annotations of the service to add to each copy.', text('An annotation key.')),
  storage: loggerStorage,
  marshallerUrl: text('A service that turns copies into the file format to store.'),
  batchSize: integer('How many copies go into one file.'),
  batchInterval: text('How long to wait at most for a file to fill, such as `5s`.'),
})
