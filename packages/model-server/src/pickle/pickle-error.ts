/**
 * Why a file was not read.
 * - `Truncated`: the file ends inside something it announced;
 * - `Corrupt`: bytes that no pickle writer produces;
 * - `Refused`: it names something that is not on the list of what a model file may name;
 * - `TooLarge`: it claims more memory, values or nesting than the limits allow;
 * - `Unsupported`: a valid form that this reader does not read.
 */
export type PickleErrorCode = 'Truncated' | 'Corrupt' | 'Refused' | 'TooLarge' | 'Unsupported'

/** The only error that reading a pickle throws. The message names the byte where reading stopped. */
export class PickleError extends Error {
  override readonly name = 'PickleError'
  readonly code: PickleErrorCode
  /** Byte in the file, after decompression. */
  readonly offset: number

  constructor(code: PickleErrorCode, offset: number, message: string) {
    super(message)
    this.code = code
    this.offset = offset
  }
}
