/** An IP address as its bytes: 4 or 16. IPv4-mapped IPv6 stays IPv6, as in Go's netip. */
export interface IpAddress {
  readonly family: 4 | 6
  readonly bytes: readonly number[]
}

export interface Cidr {
  readonly address: IpAddress
  readonly bits: number
}

/** `leadingZeros` tolerates `010.1.1.1` (as old Go did, and a few Kubernetes fields still do). Zones are refused. */
export function parseIp(text: string, options: { readonly leadingZeros?: boolean } = {}): IpAddress | undefined {
  if (text.length > 45) return undefined
  if (!text.includes(':')) {
    const bytes = parseQuad(text, options.leadingZeros === true)
    return bytes && { family: 4, bytes }
  }
  const bytes = parseGroups(text)
  return bytes && { family: 6, bytes }
}

function parseQuad(text: string, leadingZeros: boolean): number[] | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const syntax = leadingZeros ? /^\d{1,6}$/ : /^(?:0|[1-9]\d{0,2})$/
  if (!parts.every((part) => syntax.test(part) && Number(part) <= 255)) return undefined
  return parts.map(Number)
}

function parseGroups(text: string): number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groupBytes(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 2 ? groupBytes(halves[1] ?? '', true) : []
  if (!head || !tail) return undefined
  const missing = 16 - head.length - tail.length
  if (halves.length === 1) return missing === 0 ? head : undefined
  return missing >= 2 ? [...head, ...Array.from({ length: missing }, () => 0), ...tail] : undefined
}

/** Bytes of `a:b:c` or `a:b:1.2.3.4`; a dotted quad may stand at the very end only. */
function groupBytes(text: string, mayEndDotted: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (mayEndDotted && index === groups.length - 1 && group.includes('.')) {
      const quad = parseQuad(group, false)
      if (!quad) return undefined
      bytes.push(...quad)
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 255)
    } else return undefined
  }
  return bytes
}

/** The one canonical text (RFC 5952). */
export function formatIp(address: IpAddress): string {
  if (address.family === 4) return address.bytes.join('.')
  const { bytes } = address
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  if (isMapped) return `::ffff:${bytes.slice(12).join('.')}`
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0))
  const run = longestZeroRun(groups)
  const hex = groups.map((group) => group.toString(16))
  if (run.length < 2) return hex.join(':')
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
    start += length
  }
  return best
}

export function parseCidr(text: string, options: { readonly leadingZeros?: boolean } = {}): Cidr | undefined {
  const slash = text.lastIndexOf('/')
  const address = slash < 0 ? undefined : parseIp(text.slice(0, slash), options)
  const length = text.slice(slash + 1)
  if (!address || !/^(?:0|[1-9]\d{0,2})$/.test(length)) return undefined
  const bits = Number(length)
  return bits <= address.bytes.length * 8 ? { address, bits } : undefined
}

/** The network's own address: host bits zero. */
export function maskIp(cidr: Cidr): Cidr {
  const bytes = cidr.address.bytes.map((byte, index) => {
    const kept = Math.max(0, Math.min(8, cidr.bits - index * 8))
    return byte & (0xff << (8 - kept)) & 0xff
  })
  return { address: { family: cidr.address.family, bytes }, bits: cidr.bits }
}

export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  if (cidr.address.family !== address.family) return false
  const network = maskIp(cidr).address.bytes
  const masked = maskIp({ address, bits: cidr.bits }).address.bytes
  return network.every((byte, index) => byte === masked[index])
}
