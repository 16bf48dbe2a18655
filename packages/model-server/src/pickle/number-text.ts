/** Decimal text of an int, with the `L` that Python 2 wrote. Undefined when it is none. */
export function parseInteger(text: string): number | bigint | undefined {
  const digits = /^\s*([+-]?\d{1,5000})L?\s*$/.exec(text)?.[1]
  if (digits === undefined) return undefined
  const value = Number(digits)
  return Number.isSafeInteger(value) ? value : BigInt(digits.replace(/^\+/, ''))
}

/** Two's complement, least significant byte first; no bytes are 0. */
export function signedLittleEndian(bytes: Uint8Array): number | bigint {
  if (bytes.length === 0) return 0
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0)
  const signed = BigInt.asIntN(bytes.length * 8, value)
  const number = Number(signed)
  return Number.isSafeInteger(number) ? number : signed
}

/** A Python 2 string literal with its quotes. Undefined without quotes. Unknown escapes stand for themselves. */
export function parseStringLiteral(line: string): string | undefined {
  const text = line.trim()
  const quote = text[0]
  if (text.length < 2 || (quote !== "'" && quote !== '"') || text.at(-1) !== quote) return undefined
  return text.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/g, (whole: string, escape: string) => {
    if (escape[0] === 'x' && escape.length === 3) return String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    if (/^[0-7]/.test(escape)) return String.fromCharCode(Number.parseInt(escape, 8) & 255)
    return simpleEscapes[escape] ?? whole
  })
}

const simpleEscapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
}

/** Python's raw-unicode-escape: only `\uXXXX` and `\UXXXXXXXX` are escapes. */
export function parseRawUnicode(line: string): string {
  return line.replace(/\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/g, (_, escape: string) => {
    const point = Number.parseInt(escape.slice(1), 16)
    return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
  })
}
