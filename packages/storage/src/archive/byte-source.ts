/** Takes bytes from a stream in the pieces that a format wants. Holds one chunk of the stream at a time. */
export interface ByteSource {
  /** Exactly `length` bytes; undefined when the stream ended before the first of them. Throws when it ended in between. */
  readonly read: (length: number) => Promise<Buffer | undefined>
  /** The next `length` bytes as they come; to be consumed before anything else is read. */
  readonly stream: (length: number) => AsyncGenerator<Buffer>
  readonly skip: (length: number) => Promise<void>
}

export class SourceEnded extends Error {
  override readonly name = 'SourceEnded'
}

export function createByteSource(input: AsyncIterable<Buffer>): ByteSource {
  const iterator = input[Symbol.asyncIterator]()
  let chunk: Buffer = Buffer.alloc(0)
  const more = async (): Promise<boolean> => {
    while (chunk.length === 0) {
      const next = await iterator.next()
      if (next.done) return false
      chunk = next.value
    }
    return true
  }
  const source: ByteSource = {
    async read(length) {
      const parts: Buffer[] = []
      let have = 0
      for await (const part of source.stream(length)) {
        parts.push(part)
        have += part.length
      }
      return have === 0 && length > 0 ? undefined : Buffer.concat(parts)
    },
    async *stream(length) {
      let left = length
      while (left > 0) {
        if (!(await more())) {
          if (left === length) return
          throw new SourceEnded('the stream ended in the middle')
        }
        const part = chunk.subarray(0, left)
        chunk = chunk.subarray(part.length)
        left -= part.length
        yield part
      }
    },
    async skip(length) {
      for await (const _ of source.stream(length)) continue
    },
  }
  return source
}
