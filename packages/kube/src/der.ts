/** DER (ITU-T X.690), as much of it as a certificate needs. */

const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
}

export function sequence(...parts: readonly Buffer[]): Buffer {
  return element(tag.sequence, Buffer.concat(parts))
}

export function set(...parts: readonly Buffer[]): Buffer {
  return element(tag.set, Buffer.concat(parts))
}

export function boolean(value: boolean): Buffer {
  return element(tag.boolean, Buffer.from([value ? 0xff : 0]))
}

/** A number below 128, or the big-endian two's complement bytes of a larger one. */
export function integer(value: number | Buffer): Buffer {
  return element(tag.integer, typeof value === 'number' ? Buffer.from([value]) : value)
}

export function bitString(bytes: Buffer, unusedBits: number): Buffer {
  return element(tag.bitString, Buffer.concat([Buffer.from([unusedBits]), bytes]))
}

export function octetString(bytes: Buffer): Buffer {
  return element(tag.octetString, bytes)
}

export function utf8String(text: string): Buffer {
  return element(tag.utf8String, Buffer.from(text, 'utf8'))
}

/** `1.2.840.10045.4.3.2` */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const groups = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return element(tag.objectId, Buffer.from(bytes))
}

/** Milliseconds since the epoch, in the form that RFC 5280 (4.1.2.5) wants for that year. */
export function time(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '')}`
  const isNear = Number(digits.slice(0, 4)) < 2050
  return element(isNear ? tag.utcTime : tag.generalizedTime, Buffer.from(isNear ? digits.slice(2) : digits, 'ascii'))
}

/** `[number]`: around a whole element when constructed, in place of its tag otherwise. */
export function contextTag(number: number, content: Buffer, form?: 'constructed'): Buffer {
  return element((form === 'constructed' ? 0xa0 : 0x80) | number, content)
}

/** The elements inside an element, each with its tag and length. */
export function childrenOf(der: Buffer): Buffer[] {
  const children: Buffer[] = []
  const outer = span(der, 0)
  for (let at = outer.start; at < outer.end; ) {
    const inner = span(der, at)
    children.push(der.subarray(at, inner.end))
    at = inner.end
  }
  return children
}

function span(der: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = der[at + 1] ?? 0
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  const length = lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes)
  const start = at + 2 + lengthBytes
  if (start + length > der.length) throw new RangeError('DER: an element is longer than its input')
  return { start, end: start + length }
}

function element(tagByte: number, content: Buffer): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tagByte, content.length]), content])
  const length: number[] = []
  for (let left = content.length; left > 0; left >>>= 8) length.unshift(left & 0xff)
  return Buffer.concat([Buffer.from([tagByte, 0x80 | length.length, ...length]), content])
}
