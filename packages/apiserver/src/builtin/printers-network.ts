import type { KubeObject } from '@millrace/kube'
import type { Printers } from './table-printer.ts'
import { age, at, columns, count, items, labelsText, selectorText, strings, text, withMore } from './printer-cells.ts'

const name = (object: KubeObject): string => object.metadata.name ?? ''
/** Endpoints and ports shown before the rest is counted. */
const shown = 3

export const networkPrinters: Printers = {
  '/Service': {
    columns: columns(
      'Name:string:name, Type:string, Cluster-IP:string, External-IP:string, Port(s):string',
      'Age:string, +Selector:string',
    ),
    cells: (object, nowMs) => [
      name(object),
      text(object, 'spec', 'type'),
      text(object, 'spec', 'clusterIPs', 0) || '<none>',
      externalIp(object),
      servicePorts(object) || '<none>',
      age(object, nowMs),
      labelsText(at(object, 'spec', 'selector')),
    ],
  },
  '/Endpoints': {
    columns: columns('Name:string:name', 'Endpoints:string', 'Age:string'),
    cells: (object, nowMs) => {
      const empty = items(object, 'subsets').length === 0 ? '<none>' : ''
      return [name(object), withMore(subsetAddresses(object), shown, empty), age(object, nowMs)]
    },
  },
  'discovery.k8s.io/EndpointSlice': {
    columns: columns('Name:string:name', 'AddressType:string', 'Ports:string', 'Endpoints:string', 'Age:string'),
    cells: (object, nowMs) => [
      name(object),
      text(object, 'addressType'),
      withMore(items(object, 'ports').map(slicePort), shown, '<unset>'),
      withMore(
        items(object, 'endpoints').flatMap((endpoint) => strings(endpoint, 'addresses')),
        shown,
        '<unset>',
      ),
      age(object, nowMs),
    ],
  },
  'networking.k8s.io/Ingress': {
    columns: columns('Name:string:name, Class:string, Hosts:string, Address:string, Ports:string, Age:string'),
    cells: (object, nowMs) => [
      name(object),
      text(object, 'spec', 'ingressClassName') || '<none>',
      ingressHosts(object),
      balancerAddresses(object).join(','),
      items(object, 'spec', 'tls').length > 0 ? '80, 443' : '80',
      age(object, nowMs),
    ],
  },
  'networking.k8s.io/IngressClass': {
    columns: columns('Name:string:name', 'Controller:string', 'Parameters:string', 'Age:string'),
    cells: (object, nowMs) => {
      const parameters = at(object, 'spec', 'parameters')
      const group = text(parameters, 'apiGroup')
      const kind = `${text(parameters, 'kind')}${group === '' ? '' : `.${group}`}`
      const shownParameters = parameters ? `${kind}/${text(parameters, 'name')}` : '<none>'
      return [name(object), text(object, 'spec', 'controller'), shownParameters, age(object, nowMs)]
    },
  },
  'networking.k8s.io/NetworkPolicy': {
    columns: columns('Name:string:name', 'Pod-Selector:string', 'Age:string'),
    cells: (object, nowMs) => [
      name(object),
      selectorText(at(object, 'spec', 'podSelector'), '<none>'),
      age(object, nowMs),
    ],
  },
}

function externalIp(service: KubeObject): string {
  const own = strings(service, 'spec', 'externalIPs')
  switch (text(service, 'spec', 'type')) {
    case 'ClusterIP':
    case 'NodePort':
      return own.join(',') || '<none>'
    case 'LoadBalancer':
      return [...balancerAddresses(service), ...own].join(',') || '<pending>'
    case 'ExternalName':
      return text(service, 'spec', 'externalName')
    default:
      return '<unknown>'
  }
}

function balancerAddresses(object: KubeObject): readonly string[] {
  const found = items(object, 'status', 'loadBalancer', 'ingress').map(
    (entry) => text(entry, 'ip') || text(entry, 'hostname'),
  )
  return [...new Set(found.filter((address) => address !== ''))].sort()
}

function servicePorts(service: KubeObject): string {
  return items(service, 'spec', 'ports')
    .map((port) => {
      const nodePort = count(port, 'nodePort')
      return `${count(port, 'port')}${nodePort > 0 ? `:${nodePort}` : ''}/${text(port, 'protocol')}`
    })
    .join(',')
}

function subsetAddresses(endpoints: KubeObject): readonly string[] {
  return items(endpoints, 'subsets').flatMap((subset) => {
    const addresses = items(subset, 'addresses').map((address) => text(address, 'ip'))
    const ports = items(subset, 'ports')
    if (ports.length === 0) return addresses
    return ports.flatMap((port) => addresses.map((ip) => hostPort(ip, count(port, 'port'))))
  })
}

const hostPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)

function slicePort(port: unknown): string {
  const number = at(port, 'port')
  return typeof number === 'number' ? String(number) : text(port, 'name') || '*'
}

function ingressHosts(ingress: KubeObject): string {
  const rules = items(ingress, 'spec', 'rules')
  const hosts = rules.map((rule) => text(rule, 'host')).filter((host) => host !== '')
  if (hosts.length === 0) return '*'
  const listed = hosts.slice(0, shown).join(',')
  return rules.length > shown ? `${listed} + ${rules.length - shown} more...` : listed
}
