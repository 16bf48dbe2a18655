import { but, integer, list, object, oneOf, rule, text } from './schema.ts'
import { loggerStorage } from './storage.ts'

export const loggerModes = ['all', 'request', 'response'] as const
export type LoggerMode = (typeof loggerModes)[number]

const loggerFields = {
  url: text('Where the copies go. Unset: the address the cluster sets.'),
  mode: oneOf('What to copy. Must be said.', loggerModes),
  metadataHeaders: list('Request headers to add to each copy.', text('A header name.')),
  metadataAnnotations: list('Annotations of the service to add to each copy.', text('An annotation key.')),
  storage: loggerStorage,
  marshallerUrl: text('A service that turns copies into the file format to store.'),
  batchSize: integer('How many copies go into one file.'),
  batchInterval: text('How long to wait at most for a file to fill, such as `5s`.'),
}

const modeIsSaid = rule<{ readonly mode?: string }>({
  name: 'logger-mode',
  cel: 'has(self.mode)',
  message: 'is required',
  advice: loggerModes.join(', '),
  field: 'mode',
  holds: ({ mode }) => mode !== undefined,
})

/** spec.<component>.logger */
export const logger = but(object('Sends a copy of requests and responses somewhere, as CloudEvents.', loggerFields), {
  rules: [modeIsSaid],
})
