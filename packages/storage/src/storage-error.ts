export type StorageCode =
  /** The URI, or what it leads to, can never be fetched as it is. */
  | 'Invalid'
  | 'NotFound'
  | 'Refused'
  | 'TooLarge'
  /** The archive is damaged, or would write outside of its directory. */
  | 'BadArchive'
  /** The network or the other side failed, after every attempt. */
  | 'Unavailable'

/** Why a model could not be fetched. The message is one sentence that says what to do; it never holds a credential or a query string. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageCode

  constructor(code: StorageCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
