import { createHash } from 'node:crypto'

export interface AddressRange {
  /** First address as a number, host bits zero. */
  readonly base: number
  readonly size: number
}

/**
 * `127.64.0.0/10` as a range. Refused (undefined) unless it is an IPv4 network inside 127.0.0.0/8 with room for pods:
 * nothing else can be listened on without configuring the machine.
 */
export function parseLoopbackRange(cidr: string): AddressRange | undefined {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(cidr)
  const address = match?.[1] === undefined ? undefined : addressToNumber(match[1])
  const bits = Number(match?.[2])
  if (address === undefined || !(bits >= 8 && bits <= 24)) return undefined
  const size = 2 ** (32 - bits)
  const base = address - (address % size)
  return Math.floor(base / 2 ** 24) === 127 ? { base, size } : undefined
}

/**
 * The candidates for a pod's address, best first: the one it had, then a walk that starts at a place given by `seed`.
 * Two platforms on one machine that share a range therefore rarely meet, and a pod keeps its place. Addresses that end
 * in 0 or 255 look like networks to people and programs, so they are left out, and so is 127.0.0.x, which is everyone's.
 */
export function* addressCandidates(
  range: AddressRange,
  seed: string,
  previous: string | undefined,
): Generator<string, void> {
  const previousNumber = previous === undefined ? undefined : addressToNumber(previous)
  if (previous !== undefined && previousNumber !== undefined && isUsable(range, previousNumber)) yield previous
  const start = createHash('sha256').update(seed).digest().readUInt32BE(0) % range.size
  for (let step = 0; step < range.size; step += 1) {
    const candidate = range.base + ((start + step) % range.size)
    if (isUsable(range, candidate) && candidate !== previousNumber) yield numberToAddress(candidate)
  }
}

function isUsable(range: AddressRange, address: number): boolean {
  const last = address % 256
  const isShared = Math.floor(address / 256) === 127 * 2 ** 16
  return address >= range.base && address < range.base + range.size && last !== 0 && last !== 255 && !isShared
}

function addressToNumber(text: string): number | undefined {
  const parts = text.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

function numberToAddress(address: number): string {
  return [2 ** 24, 2 ** 16, 256, 1].map((unit) => Math.floor(address / unit) % 256).join('.')
}
