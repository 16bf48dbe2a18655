import type { Problem } from '../decision.ts'
import type { StringMap } from '../pod/shape.ts'
import type { IngressSettings } from '../settings.ts'
import { structure } from '../template/go-expression.ts'
import { expandTemplate } from '../template/go-template.ts'

export interface DomainMeta {
  readonly namespace: string
  readonly labels: StringMap
  readonly annotations: StringMap
}

export type Named = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: Problem }

/** Host of a name (a service's, or one of its components') by `domainTemplate`. It must be a valid DNS name. */
export function hostOf(name: string, meta: DomainMeta, ingress: IngressSettings): Named {
  const data = structure({
    Name: name,
    Namespace: meta.namespace,
    IngressDomain: ingress.ingressDomain,
    Labels: meta.labels,
    Annotations: meta.annotations,
  })
  const expanded = expandTemplate(ingress.domainTemplate, data)
  if (!expanded.ok) {
    return refused(
      'InvalidTemplate',
      `The cluster's domainTemplate cannot be used (${expanded.error}): correct it in inferenceservice-config.`,
    )
  }
  const why = isHostName(expanded.text)
  if (!why) return { ok: true, text: expanded.text }
  return refused(
    'InvalidDomain',
    `"${expanded.text}" is no valid host name (${why}): shorten or change the service's name, namespace or labels, or the cluster's domainTemplate.`,
  )
}

/** Path of a service by `pathTemplate`; empty where there is none. */
export function pathOf(name: string, namespace: string, ingress: IngressSettings): Named {
  if (!ingress.pathTemplate) return { ok: true, text: '' }
  const expanded = expandTemplate(ingress.pathTemplate, structure({ Name: name, Namespace: namespace }))
  if (!expanded.ok) {
    return refused(
      'InvalidTemplate',
      `The cluster's pathTemplate cannot be used (${expanded.error}): correct it in inferenceservice-config.`,
    )
  }
  if (/^\/[^\s?#]*$/.test(expanded.text) && !expanded.text.startsWith('//')) return { ok: true, text: expanded.text }
  return refused(
    'InvalidTemplate',
    `The cluster's pathTemplate gives "${expanded.text}", which is no path: let it begin with one slash, in inferenceservice-config.`,
  )
}

/** Further hosts: what stands before one of the `domains` in a host, before each additional domain. */
export function additionalHosts(host: string, domains: readonly string[], ingress: IngressSettings): readonly string[] {
  const domain = domains.find((candidate) => candidate !== '' && host.endsWith(candidate))
  if (domain === undefined || host.length === domain.length) return []
  const before = host.slice(0, -domain.length)
  const hosts = (ingress.additionalIngressDomains ?? []).map((additional) => `${before}${additional}`)
  return [...new Set(hosts)].filter((candidate) => isHostName(candidate) === undefined)
}

function refused(reason: string, message: string): Named {
  return { ok: false, problem: { reason, message, condition: 'IngressReady' } }
}

/** RFC 1123 subdomain with at least two labels. Undefined: it is one. */
function isHostName(text: string): string | undefined {
  if (text.length > 253) return 'longer than 253 characters'
  const labels = text.split('.')
  if (labels.length < 2) return 'no dot in it'
  const long = labels.find((label) => label.length > 63)
  if (long !== undefined) return `"${long}" is longer than 63 characters`
  const bad = labels.find((label) => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label))
  return bad === undefined ? undefined : `"${bad}" is not made of small letters, digits and inner dashes`
}
