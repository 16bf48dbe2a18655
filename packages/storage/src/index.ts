export { fetch } from './fetch.ts'
export { defaultLimits, type FetchLimits, type FetchOptions } from './fetch-options.ts'
export { redactUri } from './redact-uri.ts'
export { type StorageCode, StorageError } from './storage-error.ts'
