import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../schema/field-error.ts'
import { goQuote, verbatim } from '../schema/go-text.ts'
import { parseIp } from '../schema/ip-address.ts'
import { type Json, objects } from './defaults-type.ts'
import { address, each, field, length, named, oneOf } from './findings.ts'
import { addressText, labelErrors, portRange, subdomainErrors } from './names.ts'
import { checkLabels } from './validate-metadata.ts'
import { checkTarget } from './validate-probe.ts'

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']

export function checkService(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  const type = String(spec.type ?? '')
  const isHeadless = spec.clusterIP === 'None'
  const findings: FieldError[] = []
  if (length(spec.ports) === 0 && !isHeadless && type !== 'ExternalName') findings.push(required('spec.ports'))
  findings.push(...checkKind(spec, type))
  findings.push(...checkPorts(spec, isHeadless))
  findings.push(...checkLabels(spec.selector, 'spec.selector'))
  findings.push(...oneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']))
  if (type !== 'ExternalName') findings.push(...checkClusterIps(spec, type))
  findings.push(...checkFamilies(spec))
  findings.push(...checkExternalIps(spec.externalIPs))
  findings.push(...oneOf('spec.type', type, types))
  findings.push(...checkDuplicatePorts(objects(spec.ports)))
  findings.push(...checkPolicies(spec, type))
  return findings
}

function checkKind(spec: Json, type: string): FieldError[] {
  if (type === 'LoadBalancer') {
    const hasNone = clusterIps(spec).includes('None')
    return hasNone ? [invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for LoadBalancer services")] : []
  }
  if (type !== 'ExternalName') return []
  const findings: FieldError[] = []
  if (clusterIps(spec).length > 0)
    findings.push(forbidden('spec.clusterIPs', 'may not be set for ExternalName services'))
  const name = String(spec.externalName ?? '').replace(/\.$/, '')
  if (name === '') return [...findings, required('spec.externalName')]
  return [...findings, ...named('spec.externalName', name, subdomainErrors)]
}

function clusterIps(spec: Json): readonly string[] {
  if (Array.isArray(spec.clusterIPs)) return spec.clusterIPs.map(String)
  return spec.clusterIP ? [String(spec.clusterIP)] : []
}

function checkPorts(spec: Json, isHeadless: boolean): FieldError[] {
  const names = new Set<string>()
  const isNameNeeded = length(spec.ports) > 1
  return each('spec.ports', spec.ports, (port, at) => {
    const findings: FieldError[] = []
    const name = String(port.name ?? '')
    if (isNameNeeded && name === '') findings.push(required(`${at}.name`))
    else if (name !== '') {
      findings.push(...named(`${at}.name`, name, labelErrors))
      if (names.has(name)) findings.push(duplicate(`${at}.name`, name))
      names.add(name)
    }
    const number = Number(port.port ?? 0)
    if (number < 1 || number > 65535) findings.push(invalid(`${at}.port`, number, portRange))
    findings.push(...oneOf(`${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']))
    findings.push(...checkTarget(port.targetPort, `${at}.targetPort`))
    if (isHeadless && typeof port.targetPort === 'number' && port.targetPort !== port.port) return findings
    if (spec.type === 'ClusterIP' && port.nodePort) {
      findings.push(forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"))
    }
    return findings
  })
}

function checkDuplicatePorts(ports: readonly Json[]): FieldError[] {
  const taken = new Set<string>()
  return ports.flatMap((port, index) => {
    const key = `${String(port.protocol)}/${String(port.port)}`
    if (taken.has(key)) return [duplicate(`spec.ports[${index}]`, goPort(port))]
    taken.add(key)
    return []
  })
}

/** A port as Go shows the part of it that must be unique. */
function goPort(port: Json): object {
  const protocol = goQuote(String(port.protocol))
  return verbatim(
    `{"Name":"","Protocol":${protocol},"AppProtocol":null,"Port":${String(port.port)},"TargetPort":0,"NodePort":0}`,
  )
}

function checkClusterIps(spec: Json, type: string): FieldError[] {
  const { clusterIP, clusterIPs } = spec
  if (clusterIP && Array.isArray(clusterIPs) && clusterIPs.length > 0 && clusterIPs[0] !== clusterIP) {
    return [invalid('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`')]
  }
  return clusterIps(spec).flatMap((ip, index) => {
    if (ip === '' || (ip === 'None' && (type === 'ClusterIP' || type === 'LoadBalancer'))) return []
    if (ip === 'None')
      return [invalid(`spec.clusterIPs[${index}]`, ip, "may not be set to 'None' for NodePort services")]
    return parseIp(ip, { leadingZeros: true }) ? [] : [invalid(`spec.clusterIPs[${index}]`, ip, addressText)]
  })
}

const families = ['IPv4', 'IPv6']
const familyPolicies = ['PreferDualStack', 'RequireDualStack', 'SingleStack']

function checkFamilies(spec: Json): FieldError[] {
  const given = Array.isArray(spec.ipFamilies) ? spec.ipFamilies : []
  const findings: FieldError[] = given.flatMap((family, index) =>
    families.includes(String(family)) ? [] : [notSupported(`spec.ipFamilies[${index}]`, family, families)],
  )
  if (new Set(given).size < given.length) findings.push(duplicate('spec.ipFamilies[1]', given[1]))
  return [...findings, ...oneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, familyPolicies)]
}

function checkExternalIps(list: unknown): FieldError[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((ip, index) => address(`spec.externalIPs[${index}]`, ip))
}

function checkPolicies(spec: Json, type: string): FieldError[] {
  const findings: FieldError[] = []
  const policy = spec.externalTrafficPolicy
  const isExternal = type === 'NodePort' || type === 'LoadBalancer' || length(spec.externalIPs) > 0
  if (policy && !isExternal) {
    const detail = 'may only be set for externally-accessible services'
    findings.push(invalid('spec.externalTrafficPolicy', policy, detail))
  } else findings.push(...oneOf('spec.externalTrafficPolicy', policy, ['Cluster', 'Local']))
  return [...findings, ...oneOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local'])]
}

/** A service keeps its cluster IP as long as it has one. */
export function checkServiceUpdate(object: Json, old: Json): readonly FieldError[] {
  const now = field(object, 'spec')
  const before = field(old, 'spec')
  if (now.type === 'ExternalName' || before.type === 'ExternalName') return []
  const [first] = clusterIps(now)
  const [former] = clusterIps(before)
  const findings: FieldError[] = []
  if (
    former !== undefined &&
    former !== '' &&
    !(former === 'None' && first === 'None') &&
    first !== former &&
    (!now.clusterIP || now.clusterIP === first)
  ) {
    findings.push(invalid('spec.clusterIPs[0]', clusterIps(now), 'may not change once set'))
  }
  const { loadBalancerClass } = before
  const isBalancer = now.type === 'LoadBalancer' && before.type === 'LoadBalancer'
  if (isBalancer && now.loadBalancerClass !== loadBalancerClass) {
    findings.push(invalid('spec.loadBalancerClass', now.loadBalancerClass ?? null, 'may not change once set'))
  }
  return findings
}
