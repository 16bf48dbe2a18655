/**
 * The client's mistake in a request: answered with 400 (or `status`) and `{"error": message}`. The message names the
 * input and index, what was expected and what came; it never holds anything but what the client sent or may read in the
 * model's metadata.
 */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
  readonly status: number

  constructor(message: string, status = 400) {
    super(message)
    this.status = status
  }
}
