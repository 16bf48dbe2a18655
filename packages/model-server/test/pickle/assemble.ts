/** Bytes of a pickle from text, one character a byte: `\x80\x04` and opcodes as they are. */
export const assemble = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** An unsigned 32-bit number, least significant byte first, as text for `assemble`. */
export const uint32 = (value: number): string =>
  String.fromCharCode(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24)

export const uint64 = (value: bigint): string => uint32(Number(value & 0xffffffffn)) + uint32(Number(value >> 32n))

/** Pushes a text. */
export const text = (value: string): string => `X${uint32(value.length)}${value}`

/** Pushes a class by the two texts before STACK_GLOBAL. */
export const global = (module: string, name: string): string => `${text(module)}${text(name)}\x93`
