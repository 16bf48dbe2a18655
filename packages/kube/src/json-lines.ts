import { KubeError } from './errors.ts'

const newline = 0x0a

/**
 * The lines of a byte stream, whatever way its chunks were cut: inside a line, inside a character, many lines at once.
 * A last line without its newline is an answer that was cut off, and is an error.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly what: string; readonly lineBytesMax: number },
): AsyncGenerator<string> {
  const { what, lineBytesMax } = options
  let parts: Uint8Array[] = []
  let partsBytes = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const piece = chunk.subarray(start, end)
      start = end + 1
      const line = parts.length === 0 ? piece : Buffer.concat([...parts, piece])
      parts = []
      partsBytes = 0
      const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8')
      if (text.trim() !== '') yield text
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start))
      partsBytes += chunk.length - start
      if (partsBytes > lineBytesMax) {
        throw new KubeError({
          code: 'AnswerTooLarge',
          message: `${what}: an event is larger than ${lineBytesMax} bytes`,
        })
      }
    }
  }
  if (partsBytes > 0 && Buffer.concat(parts).toString('utf8').trim() !== '') {
    throw new KubeError({ code: 'Unreachable', message: `${what}: the connection ended in the middle of an event` })
  }
}
