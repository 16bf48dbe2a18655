import { type FieldError, invalid, notSupported, required } from '../schema/field-error.ts'
import { parseIp } from '../schema/ip-address.ts'
import { isObject, type Json } from './defaults-type.ts'
import { each, field, length, named, port, requiredName } from './findings.ts'
import { label1035Errors, labelErrors, subdomainErrors, wildcardErrors } from './names.ts'

export function checkIngress(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  const findings: FieldError[] = []
  if (length(spec.rules) === 0 && !isObject(spec.defaultBackend)) {
    findings.push(invalid('spec', null, 'either `defaultBackend` or `rules` must be specified'))
  }
  if (isObject(spec.defaultBackend)) findings.push(...checkBackend(spec.defaultBackend, 'spec.defaultBackend'))
  findings.push(...each('spec.rules', spec.rules, checkRule))
  findings.push(...each('spec.tls', spec.tls, checkTls))
  if (spec.ingressClassName !== undefined) {
    findings.push(...named('spec.ingressClassName', spec.ingressClassName, subdomainErrors))
  }
  return findings
}

function checkRule(rule: Json, path: string): FieldError[] {
  const host = String(rule.host ?? '')
  const findings: FieldError[] = []
  if (host !== '') {
    if (parseIp(host)) findings.push(invalid(`${path}.host`, host, 'must be a DNS name, not an IP address'))
    findings.push(...named(`${path}.host`, host, host.includes('*') ? wildcardErrors : subdomainErrors))
    if (parseIp(host)) findings.length = 1
  }
  if (!isObject(rule.http)) return findings
  if (length(rule.http.paths) === 0) return [...findings, required(`${path}.http.paths`)]
  return [...findings, ...each(`${path}.http.paths`, rule.http.paths, checkPath)]
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']
const badSequences = ['//', '/./', '/../', '%2f', '%2F']
const badEndings = ['/..', '/.']

function checkPath(entry: Json, path: string): FieldError[] {
  const type = entry.pathType
  const text = String(entry.path ?? '')
  const findings: FieldError[] = []
  if (type === undefined) findings.push(required(`${path}.pathType`, 'pathType must be specified'))
  else if (!pathTypes.includes(String(type))) findings.push(notSupported(`${path}.pathType`, type, pathTypes))
  else if (type !== 'ImplementationSpecific' || text !== '')
    findings.push(...checkPathText(text, `${path}.path`, String(type)))
  return [...findings, ...checkBackend(field(entry, 'backend'), `${path}.backend`)]
}

function checkPathText(text: string, path: string, type: string): FieldError[] {
  if (!text.startsWith('/')) return [invalid(path, text, 'must be an absolute path')]
  if (type === 'ImplementationSpecific') return []
  const sequences = badSequences
    .filter((bad) => text.includes(bad))
    .map((bad) => invalid(path, text, `must not contain '${bad}'`))
  const endings = badEndings
    .filter((bad) => text.endsWith(bad))
    .map((bad) => invalid(path, text, `cannot end with '${bad}'`))
  return [...sequences, ...endings]
}

function checkBackend(backend: Json, path: string): FieldError[] {
  const { service, resource } = backend
  if (isObject(service) && isObject(resource)) {
    return [invalid(path, '', 'cannot set both resource and service backends')]
  }
  if (isObject(resource)) {
    return ['kind', 'name'].flatMap((name) => (resource[name] ? [] : [required(`${path}.resource.${name}`)]))
  }
  if (!isObject(service)) return [invalid(path, '', 'resource or service backend is required')]
  const findings = requiredName(`${path}.service.name`, service.name, label1035Errors)
  const { name, number } = field(service, 'port')
  if (name && number) return [...findings, invalid(path, '', 'cannot set both port name & port number')]
  if (name) return [...findings, ...named(`${path}.service.port.name`, name, labelErrors)]
  if (!number) return [...findings, required(path, 'port name or number is required')]
  return [...findings, ...port(`${path}.service.port.number`, number)]
}

function checkTls(tls: Json, path: string): FieldError[] {
  const hosts = Array.isArray(tls.hosts) ? tls.hosts.map(String) : []
  return [
    ...hosts.flatMap((host, index) =>
      named(`${path}.hosts[${index}]`, host, host.includes('*') ? wildcardErrors : subdomainErrors),
    ),
    ...(tls.secretName ? named(`${path}.secretName`, tls.secretName, subdomainErrors) : []),
  ]
}

export function checkIngressClass(object: Json): readonly FieldError[] {
  return checkDomainPath(field(object, 'spec').controller, 'spec.controller')
}

export function checkIngressClassUpdate(object: Json, old: Json): readonly FieldError[] {
  const now = field(object, 'spec').controller
  return now === field(old, 'spec').controller ? [] : [invalid('spec.controller', now, 'field is immutable')]
}

/** `acme.io/foo` */
function checkDomainPath(value: unknown, path: string): FieldError[] {
  const text = String(value ?? '')
  if (text === '') return [required(path)]
  const slash = text.indexOf('/')
  if (slash < 1 || slash === text.length - 1) {
    return [invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  }
  return named(path, text.slice(0, slash), subdomainErrors)
}

export function checkEndpointSlice(object: Json): readonly FieldError[] {
  const type = String(object.addressType ?? '')
  if (type === '') return [required('addressType')]
  const types = ['FQDN', 'IPv4', 'IPv6']
  if (!types.includes(type)) return [notSupported('addressType', type, types)]
  return [
    ...checkSlicePorts(object.ports),
    ...each('endpoints', object.endpoints, (item, at) => checkEndpoint(item, at, type)),
  ]
}

function checkSlicePorts(ports: unknown): FieldError[] {
  const names = new Set<string>()
  return each('ports', ports, (item, at) => {
    const name = String(item.name ?? '')
    const findings: FieldError[] = name === '' ? [] : named(`${at}.name`, name, labelErrors)
    if (names.has(name)) findings.push({ type: 'Duplicate', field: `${at}.name`, badValue: name, detail: '' })
    names.add(name)
    return findings
  })
}

const addressesMax = 100

function checkEndpoint(endpoint: Json, path: string, type: string): FieldError[] {
  const list = Array.isArray(endpoint.addresses) ? endpoint.addresses.map(String) : []
  if (list.length === 0) return [required(`${path}.addresses`, 'must contain at least 1 address')]
  if (list.length > addressesMax) {
    return [
      {
        type: 'TooMany',
        field: `${path}.addresses`,
        badValue: list.length,
        detail: `must have at most ${addressesMax} items`,
      },
    ]
  }
  return list.flatMap((item, index) => {
    const at = `${path}.addresses[${index}]`
    if (type === 'FQDN') return named(at, item, subdomainErrors)
    const ip = parseIp(item, { leadingZeros: true })
    if (!ip) return [invalid(at, item, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')]
    return ip.family === (type === 'IPv4' ? 4 : 6) ? [] : [invalid(at, item, `must be an ${type} address`)]
  })
}

export function checkEndpointSliceUpdate(object: Json, old: Json): readonly FieldError[] {
  if (object.addressType === old.addressType) return []
  return [invalid('addressType', object.addressType, 'field is immutable')]
}

export function checkEndpoints(object: Json): readonly FieldError[] {
  return each('subsets', object.subsets, (subset, path) => {
    const isNameNeeded = length(subset.ports) > 1
    const hasAny = length(subset.addresses) + length(subset.notReadyAddresses) > 0
    const lists = ['addresses', 'notReadyAddresses'].flatMap((name) =>
      each(`${path}.${name}`, subset[name], (item, at) => checkEndpointAddress(item.ip, `${at}.ip`)),
    )
    const ports = each(`${path}.ports`, subset.ports, (item, at) => {
      const name: FieldError[] = isNameNeeded && !item.name ? [required(`${at}.name`)] : []
      return [...name, ...port(`${at}.port`, item.port ?? 0)]
    })
    return [...(hasAny ? [] : [required(path, 'must specify `addresses` or `notReadyAddresses`')]), ...lists, ...ports]
  })
}

function checkEndpointAddress(value: unknown, path: string): FieldError[] {
  const ip = parseIp(String(value ?? ''), { leadingZeros: true })
  if (!ip) {
    const detail = 'must be a valid IP address'
    return [
      invalid(path, value ?? '', `${detail}, (e.g. 10.9.8.7 or 2001:db8::ffff)`),
      invalid(path, value ?? '', detail),
    ]
  }
  const isLoopback =
    ip.family === 4 ? ip.bytes[0] === 127 : ip.bytes.slice(0, 15).every((byte) => byte === 0) && ip.bytes[15] === 1
  return isLoopback ? [invalid(path, value, 'may not be in the loopback range (127.0.0.0/8, ::1/128)')] : []
}
