import type { Environment } from '@marcbachmann/cel-js'
import { goQuote } from './go-text.ts'
import { type Cidr, cidrContains, formatIp, type IpAddress, maskIp, parseCidr, parseIp } from './ip-address.ts'

type CelModule = typeof import('@marcbachmann/cel-js')

class IpValue {
  readonly address: IpAddress
  constructor(address: IpAddress) {
    this.address = address
  }
}
class CidrValue {
  readonly cidr: Cidr
  constructor(cidr: Cidr) {
    this.cidr = cidr
  }
}
class UrlValue {
  readonly url: URL
  readonly text: string
  constructor(url: URL, text: string) {
    this.url = url
    this.text = text
  }
}
class IpNamespace {}

const ipType = 'net.IP'
const cidrType = 'net.CIDR'
const urlType = 'kubernetes.URL'

/** `ip()`, `cidr()` and `url()` of Kubernetes' CEL. */
export function registerNetwork(environment: Environment, module: CelModule): void {
  registerIps(environment, module)
  registerCidrs(environment, module)
  registerUrls(environment, module)
}

function isMapped({ family, bytes }: IpAddress): boolean {
  return family === 6 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255
}

/** IPv4-mapped addresses are refused: the same address has one text only. */
function readIp(text: string): IpAddress | undefined {
  const address = parseIp(text)
  return address && isMapped(address) ? undefined : address
}

function ipError(text: string): string {
  if (parseIp(text)) return `IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`
  return `IP Address ${goQuote(text)} parse error during conversion from string: ParseAddr(${goQuote(text)}): unable to parse IP`
}

function registerIps(environment: Environment, module: CelModule): void {
  const parse = (text: string): IpValue => {
    const address = readIp(text)
    if (!address) throw new module.EvaluationError(ipError(text))
    return new IpValue(address)
  }
  const test = (name: string, holds: (address: IpAddress) => boolean): void => {
    environment.registerFunction(`${ipType}.${name}(): bool`, ({ address }: IpValue) => holds(address))
  }
  environment
    .registerType(ipType, { ctor: IpValue, fields: {} })
    .registerType('kubernetes.IpNamespace', { ctor: IpNamespace, fields: {} })
    .registerConstant('ip', 'kubernetes.IpNamespace', new IpNamespace())
    .registerFunction(`ip(string): ${ipType}`, parse)
    .registerFunction('isIP(string): bool', (text: string) => readIp(text) !== undefined)
    .registerFunction(
      'kubernetes.IpNamespace.isCanonical(string): bool',
      (_ip: IpNamespace, text: string) => formatIp(parse(text).address) === text,
    )
    .registerFunction(`string(${ipType}): string`, ({ address }: IpValue) => formatIp(address))
    .registerFunction(`${ipType}.family(): int`, ({ address }: IpValue) => BigInt(address.family))
    .registerOperator(`${ipType} == ${ipType}`, (a: IpValue, b: IpValue) => formatIp(a.address) === formatIp(b.address))
  test('isUnspecified', ({ bytes }) => bytes.every((byte) => byte === 0))
  test('isLoopback', isLoopback)
  test('isLinkLocalMulticast', isLinkLocalMulticast)
  test('isLinkLocalUnicast', isLinkLocalUnicast)
  test('isGlobalUnicast', (address) => {
    const isBroadcast = address.family === 4 && address.bytes.every((byte) => byte === 255)
    const isNothing = address.bytes.every((byte) => byte === 0)
    return !isBroadcast && !isNothing && !isLoopback(address) && !isMulticast(address) && !isLinkLocalUnicast(address)
  })
}

function isLoopback({ family, bytes }: IpAddress): boolean {
  if (family === 4) return bytes[0] === 127
  return bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1
}

function isMulticast({ family, bytes }: IpAddress): boolean {
  return family === 4 ? (bytes[0] ?? 0) >> 4 === 14 : bytes[0] === 255
}

function isLinkLocalMulticast({ family, bytes }: IpAddress): boolean {
  if (family === 4) return bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0
  return bytes[0] === 255 && ((bytes[1] ?? 0) & 15) === 2
}

function isLinkLocalUnicast({ family, bytes }: IpAddress): boolean {
  if (family === 4) return bytes[0] === 169 && bytes[1] === 254
  return bytes[0] === 254 && ((bytes[1] ?? 0) & 0xc0) === 0x80
}

function cidrError(text: string): string {
  const sentence = 'network address parse error during conversion from string'
  const detail = text.includes('/') ? 'unable to parse IP' : "no '/'"
  return `${sentence}: ${sentence}: netip.ParsePrefix(${goQuote(text)}): ${detail}`
}

function registerCidrs(environment: Environment, module: CelModule): void {
  const parse = (text: string): CidrValue => {
    const cidr = parseCidr(text)
    if (!cidr) throw new module.EvaluationError(cidrError(text))
    return new CidrValue(cidr)
  }
  const textOf = ({ address, bits }: Cidr): string => `${formatIp(address)}/${bits}`
  const containsCidr = (outer: Cidr, inner: Cidr): boolean =>
    inner.bits >= outer.bits && cidrContains(outer, maskIp(inner).address)
  const ipOf = (text: string): IpAddress => {
    const address = readIp(text)
    if (!address) throw new module.EvaluationError(ipError(text))
    return address
  }
  environment
    .registerType(cidrType, { ctor: CidrValue, fields: {} })
    .registerFunction(`cidr(string): ${cidrType}`, parse)
    .registerFunction('isCIDR(string): bool', (text: string) => parseCidr(text) !== undefined)
    .registerFunction(`string(${cidrType}): string`, ({ cidr }: CidrValue) => textOf(cidr))
    .registerFunction(`${cidrType}.containsIP(${ipType}): bool`, ({ cidr }: CidrValue, { address }: IpValue) =>
      cidrContains(cidr, address),
    )
    .registerFunction(`${cidrType}.containsIP(string): bool`, ({ cidr }: CidrValue, text: string) =>
      cidrContains(cidr, ipOf(text)),
    )
    .registerFunction(`${cidrType}.containsCIDR(${cidrType}): bool`, (outer: CidrValue, inner: CidrValue) =>
      containsCidr(outer.cidr, inner.cidr),
    )
    .registerFunction(`${cidrType}.containsCIDR(string): bool`, ({ cidr }: CidrValue, text: string) =>
      containsCidr(cidr, parse(text).cidr),
    )
    .registerFunction(`${cidrType}.ip(): ${ipType}`, ({ cidr }: CidrValue) => new IpValue(cidr.address))
    .registerFunction(`${cidrType}.masked(): ${cidrType}`, ({ cidr }: CidrValue) => new CidrValue(maskIp(cidr)))
    .registerFunction(`${cidrType}.prefixLength(): int`, ({ cidr }: CidrValue) => BigInt(cidr.bits))
    .registerOperator(`${cidrType} == ${cidrType}`, (a: CidrValue, b: CidrValue) => textOf(a.cidr) === textOf(b.cidr))
}

/** A URL as Go's ParseRequestURI takes it: absolute, or an absolute path. */
function readUrl(text: string): UrlValue | undefined {
  const isPath = text.startsWith('/')
  if (!isPath && !/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text)) return undefined
  const url = isPath ? URL.parse(text, 'path://') : URL.parse(text)
  return url ? new UrlValue(url, text) : undefined
}

function registerUrls(environment: Environment, module: CelModule): void {
  const isPath = ({ text }: UrlValue): boolean => text.startsWith('/')
  const part = (name: string, read: (value: UrlValue) => string): void => {
    environment.registerFunction(`${urlType}.${name}(): string`, read)
  }
  environment
    .registerType(urlType, { ctor: UrlValue, fields: {} })
    .registerFunction(`url(string): ${urlType}`, (text: string) => {
      const value = readUrl(text)
      if (!value)
        throw new module.EvaluationError(
          `URL parse error during conversion from string: parse ${goQuote(text)}: invalid URI for request`,
        )
      return value
    })
    .registerFunction('isURL(string): bool', (text: string) => readUrl(text) !== undefined)
    .registerFunction(`${urlType}.getQuery(): map<string, list<string>>`, ({ url }: UrlValue) => {
      const names = [...new Set(url.searchParams.keys())]
      return new Map(names.map((name) => [name, url.searchParams.getAll(name)]))
    })
    .registerOperator(`${urlType} == ${urlType}`, (a: UrlValue, b: UrlValue) => a.text === b.text)
  part('getScheme', (value) => (isPath(value) ? '' : value.url.protocol.slice(0, -1)))
  part('getHost', (value) => (isPath(value) ? '' : hostOf(value)))
  part('getHostname', (value) => (isPath(value) ? '' : value.url.hostname.replace(/^\[|\]$/g, '')))
  part('getPort', (value) => (isPath(value) ? '' : (/:(\d+)$/.exec(hostOf(value))?.[1] ?? '')))
  part('getEscapedPath', ({ url, text }) => (/^[^/?#]*(?:\/\/[^/?#]*)?$/.test(text) ? '' : url.pathname))
}

/** Host and port as written: WHATWG drops a scheme's default port, Go keeps it. */
function hostOf({ url, text }: UrlValue): string {
  const written = /^[^:]+:\/\/(?:[^@/?#]*@)?([^/?#]*)/.exec(text)?.[1] ?? ''
  const port = /:\d+$/.exec(written)?.[0] ?? ''
  return url.port === '' ? `${url.hostname}${port}` : url.host
}
