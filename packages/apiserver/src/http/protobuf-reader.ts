/** One field of a protobuf message as it stands on the wire. */
export type WireField =
  | { readonly number: number; readonly type: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly type: 'fixed64' | 'fixed32' | 'bytes'; readonly bytes: Buffer }

/** Reads the fields of a message. Throws RangeError for broken input. */
export function* readFields(bytes: Buffer): Iterable<WireField> {
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new RangeError('a number is cut off')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a number is too long')
  }
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new RangeError('a field is cut off')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const number = tag >>> 3
    switch (tag & 7) {
      case 0:
        yield { number, type: 'varint', value: varint() }
        break
      case 1:
        yield { number, type: 'fixed64', bytes: take(8) }
        break
      case 2:
        yield { number, type: 'bytes', bytes: take(Number(varint())) }
        break
      case 5:
        yield { number, type: 'fixed32', bytes: take(4) }
        break
      default:
        throw new RangeError(`wire type ${tag & 7} is not used by Kubernetes`)
    }
  }
}
