import { PickleError } from './pickle-error.ts'

/** Lines of the oldest protocols that hold a number or a name; nothing honest is longer. */
const lineBytesMax = 1 << 16

/** A cursor over bytes. Every read checks the end first, so a length that the file claims never allocates anything. */
export class ByteReader {
  readonly bytes: Uint8Array
  readonly end: number
  position = 0
  private readonly view: DataView
  private readonly buffer: Buffer

  constructor(bytes: Uint8Array) {
    // A Buffer's slice() is a view and a Uint8Array's is a copy; everything below expects the second.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.end = bytes.byteLength
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Moves over `count` bytes and returns where they start. */
  take(count: number): number {
    const start = this.position
    if (count > this.end - start) {
      throw new PickleError(
        'Truncated',
        start,
        `the file is cut off: ${count} bytes are announced at byte ${start}, ${this.end - start} are left`,
      )
    }
    this.position = start + count
    return start
  }

  uint8(): number {
    return this.view.getUint8(this.take(1))
  }

  uint16(): number {
    return this.view.getUint16(this.take(2), true)
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true)
  }

  int32(): number {
    return this.view.getInt32(this.take(4), true)
  }

  /** A 64-bit length. Above 2^53 the value is rounded, which is far beyond any file, so it is refused all the same. */
  uint64(): number {
    const start = this.take(8)
    return this.view.getUint32(start, true) + this.view.getUint32(start + 4, true) * 2 ** 32
  }

  float64BigEndian(): number {
    return this.view.getFloat64(this.take(8), false)
  }

  /** A view, not a copy. */
  slice(count: number): Uint8Array {
    const start = this.take(count)
    return this.bytes.subarray(start, start + count)
  }

  utf8(count: number): string {
    const start = this.take(count)
    return this.buffer.toString('utf8', start, start + count)
  }

  latin1(count: number): string {
    const start = this.take(count)
    return this.buffer.toString('latin1', start, start + count)
  }

  /** The text up to the next line feed, which is passed over; one character for each byte. */
  line(bytesMax = lineBytesMax): string {
    const start = this.position
    const feed = this.bytes.subarray(start, Math.min(this.end, start + bytesMax)).indexOf(10)
    if (feed < 0) {
      const isCut = this.end - start < bytesMax
      const what = isCut ? 'is cut off' : `is longer than ${bytesMax} bytes`
      throw new PickleError(
        isCut ? 'Truncated' : 'Corrupt',
        start,
        `the line of text at byte ${start} of the file ${what}`,
      )
    }
    const text = this.buffer.toString('latin1', start, start + feed)
    this.position = start + feed + 1
    return text
  }
}
