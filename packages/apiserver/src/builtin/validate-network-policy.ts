import { type FieldError, forbidden, invalid, notSupported, required } from '../schema/field-error.ts'
import { cidrContains, parseCidr } from '../schema/ip-address.ts'
import { isObject, type Json } from './defaults-type.ts'
import { each, field, named, oneOf, port } from './findings.ts'
import { portNameErrors } from './names.ts'
import { checkSelector } from './validate-selector.ts'

export function checkNetworkPolicy(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  return [
    ...checkSelector(spec.podSelector, 'spec.podSelector'),
    ...each('spec.ingress', spec.ingress, (rule, path) => checkRule(rule, path, 'from')),
    ...each('spec.egress', spec.egress, (rule, path) => checkRule(rule, path, 'to')),
    ...checkTypes(spec.policyTypes),
  ]
}

function checkTypes(given: unknown): FieldError[] {
  const types = Array.isArray(given) ? given : []
  if (types.length > 2) return [invalid('spec.policyTypes', types, 'may not specify more than two policyTypes')]
  const supported = ['Ingress', 'Egress']
  return types.flatMap((type, index) =>
    supported.includes(String(type)) ? [] : [notSupported(`spec.policyTypes[${index}]`, type, supported)],
  )
}

function checkRule(rule: Json, path: string, peers: string): FieldError[] {
  return [...each(`${path}.ports`, rule.ports, checkPort), ...each(`${path}.${peers}`, rule[peers], checkPeer)]
}

function checkPort({ protocol, port: number, endPort }: Json, path: string): FieldError[] {
  const findings = oneOf(`${path}.protocol`, protocol, ['TCP', 'UDP', 'SCTP'])
  const end = `${path}.endPort`
  if (typeof number === 'string') {
    if (endPort !== undefined) findings.push(invalid(end, endPort, 'may not be specified when `port` is non-numeric'))
    return [...findings, ...named(`${path}.port`, number, portNameErrors)]
  }
  if (number === undefined && endPort !== undefined) {
    return [...findings, invalid(end, endPort, 'may not be specified when `port` is not specified')]
  }
  if (Number(endPort) < Number(number)) {
    findings.push(invalid(end, number, 'must be greater than or equal to `port`'))
  }
  return [...findings, ...port(`${path}.port`, number), ...port(end, endPort)]
}

function checkPeer({ podSelector, namespaceSelector, ipBlock }: Json, path: string): FieldError[] {
  const findings = [
    ...checkSelector(podSelector, `${path}.podSelector`),
    ...checkSelector(namespaceSelector, `${path}.namespaceSelector`),
  ]
  if (isObject(ipBlock)) findings.push(...checkBlock(ipBlock, `${path}.ipBlock`))
  const count = [podSelector, namespaceSelector, ipBlock].filter(isObject).length
  if (count === 0) findings.push(required(path, 'must specify a peer'))
  if (count > 1 && ipBlock) findings.push(forbidden(path, 'may not specify both ipBlock and another peer'))
  return findings
}

const cidrText = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

function checkBlock({ cidr, except }: Json, path: string): FieldError[] {
  if (!cidr) return [required(`${path}.cidr`)]
  const outer = parseCidr(String(cidr), { leadingZeros: true })
  if (!outer) return [invalid(`${path}.cidr`, cidr, cidrText)]
  const list = Array.isArray(except) ? except : []
  return list.flatMap((text, index) => {
    const inner = parseCidr(String(text), { leadingZeros: true })
    const at = `${path}.except[${index}]`
    if (!inner) return [invalid(at, text, cidrText)]
    const isInside = cidrContains(outer, inner.address) && outer.bits < inner.bits
    return isInside ? [] : [invalid(at, text, 'must be a strict subset of `cidr`')]
  })
}
