import { type FieldError, forbidden, invalid, required } from '../schema/field-error.ts'
import { isObject, type Json, objects } from './defaults-type.ts'
import { address, each, field, length, named, nonNegatives, oneOf, requiredName, userId } from './findings.ts'
import { labelErrors, subdomainErrors } from './names.ts'
import { checkContainers } from './validate-container.ts'
import { checkLabels } from './validate-metadata.ts'
import { checkAffinity, checkSpread, checkTolerations } from './validate-scheduling.ts'
import { checkVolumes } from './validate-volumes.ts'

const secondsMax = 2147483647

/** What Kubernetes checks about a pod's spec, in a Pod and in every template of one. */
export function checkPodSpec(spec: Json, path: string): readonly FieldError[] {
  const volumes = new Set(objects(spec.volumes).map((volume) => String(volume.name)))
  return [
    ...checkVolumes(spec, `${path}.volumes`),
    ...checkContainers(spec, path, volumes),
    ...oneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    ...oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']),
    ...checkLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...checkSecurity(field(spec, 'securityContext'), `${path}.securityContext`),
    ...checkAffinity(spec.affinity, `${path}.affinity`),
    ...checkNames(spec, path),
    ...checkTolerations(spec.tolerations, `${path}.tolerations`),
    ...each(`${path}.hostAliases`, spec.hostAliases, checkHostAlias),
    ...checkSpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`),
    ...checkDeadline(spec.activeDeadlineSeconds, `${path}.activeDeadlineSeconds`),
    ...nonNegatives(path, spec, 'terminationGracePeriodSeconds'),
    ...oneOf(`${path}.preemptionPolicy`, spec.preemptionPolicy, ['PreemptLowerPriority', 'Never']),
    ...checkReadinessGates(spec.readinessGates, `${path}.readinessGates`),
  ]
}

function checkNames(spec: Json, path: string): FieldError[] {
  const names = ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName']
  const hosts = ['hostname', 'subdomain']
  return [
    ...names.flatMap((name) => (spec[name] ? named(`${path}.${name}`, spec[name], subdomainErrors) : [])),
    ...hosts.flatMap((name) => (spec[name] ? named(`${path}.${name}`, spec[name], labelErrors) : [])),
  ]
}

function checkDeadline(value: unknown, path: string): FieldError[] {
  if (typeof value !== 'number' || (value >= 1 && value <= secondsMax)) return []
  return [invalid(path, value, `must be between 1 and ${secondsMax}, inclusive`)]
}

function checkSecurity(context: Json, path: string): FieldError[] {
  return [
    ...userId(`${path}.fsGroup`, context.fsGroup),
    ...(Array.isArray(context.supplementalGroups)
      ? context.supplementalGroups.flatMap((group, index) => userId(`${path}.supplementalGroups[${index}]`, group))
      : []),
    ...userId(`${path}.runAsUser`, context.runAsUser),
    ...userId(`${path}.runAsGroup`, context.runAsGroup),
  ]
}

function checkHostAlias(alias: Json, path: string): FieldError[] {
  const hostnames = Array.isArray(alias.hostnames) ? alias.hostnames : []
  return [
    ...address(`${path}.ip`, alias.ip),
    ...hostnames.flatMap((name, index) => named(`${path}.hostnames[${index}]`, name, subdomainErrors)),
  ]
}

function checkReadinessGates(gates: unknown, path: string): FieldError[] {
  return each(path, gates, (gate, at) => requiredName(`${at}.conditionType`, gate.conditionType, () => []))
}

/** A pod that is created by itself. */
export function checkPod(pod: Json): readonly FieldError[] {
  const spec = field(pod, 'spec')
  const findings = [...checkPodSpec(spec, 'spec')]
  if (length(spec.ephemeralContainers) > 0) {
    findings.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'))
  }
  return findings
}

/** The template of a workload whose pods are always restarted. */
export function checkTemplate(template: Json, path: string, restartPolicies: readonly string[]): readonly FieldError[] {
  const metadata = field(template, 'metadata')
  const spec = field(template, 'spec')
  const findings: FieldError[] = [
    ...checkLabels(metadata.labels, `${path}.labels`),
    ...checkPodSpec(spec, `${path}.spec`),
  ]
  const isSupported = restartPolicies.includes(String(spec.restartPolicy))
  const isKnown = ['Always', 'OnFailure', 'Never'].includes(String(spec.restartPolicy))
  if (!isSupported && isKnown)
    findings.push(...oneOf(`${path}.spec.restartPolicy`, spec.restartPolicy, restartPolicies))
  return findings
}

/** What may change about a running pod: images, deadline, added tolerations; nothing else of its spec. */
export function checkPodUpdate(pod: Json, old: Json): readonly FieldError[] {
  const now = field(pod, 'spec')
  const before = field(old, 'spec')
  const findings: FieldError[] = []
  for (const name of ['containers', 'initContainers']) {
    if (length(now[name]) !== length(before[name])) {
      return [forbidden(`spec.${name}`, 'pod updates may not add or remove containers')]
    }
    objects(now[name]).forEach((container, index) => {
      findings.push(...checkImage(container.image, `spec.${name}[${index}].image`))
    })
  }
  const added = addedGates(now.schedulingGates, before.schedulingGates)
  if (added.length > 0) return [...findings, ...added]
  findings.push(...checkDeadlineUpdate(now.activeDeadlineSeconds, before.activeDeadlineSeconds))
  if (JSON.stringify(sortedKeys(fixedPart(now, before))) !== JSON.stringify(sortedKeys(before))) {
    findings.push(forbidden('spec', podUpdateText))
  }
  return findings
}

function checkImage(image: unknown, path: string): FieldError[] {
  if (!image) return [required(path)]
  const text = String(image)
  return text === text.trim() ? [] : [invalid(path, image, 'must not have leading or trailing whitespace')]
}

/** Gates may only be lifted. */
function addedGates(now: unknown, before: unknown): FieldError[] {
  const known = new Set(objects(before).map((gate) => gate.name))
  return each('spec.schedulingGates', now, ({ name }, path) =>
    known.has(name)
      ? []
      : [forbidden(`${path}.name`, `only deletion is allowed, but found new scheduling gate '${String(name)}'`)],
  )
}

const podUpdateText =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

function checkDeadlineUpdate(now: unknown, before: unknown): FieldError[] {
  const path = 'spec.activeDeadlineSeconds'
  if (typeof now === 'number') {
    if (now < 0 || now > secondsMax) return [invalid(path, now, `must be between 0 and ${secondsMax}, inclusive`)]
    if (typeof before === 'number' && before < now)
      return [invalid(path, now, 'must be less than or equal to previous value')]
    return []
  }
  return typeof before === 'number' ? [invalid(path, null, 'must not update from a positive integer to nil value')] : []
}

/** The new spec with everything that may change put back to what it was. */
function fixedPart(now: Json, before: Json): Json {
  const out: Json = { ...now }
  for (const name of ['containers', 'initContainers']) {
    if (!Array.isArray(now[name])) continue
    const former = objects(before[name])
    out[name] = objects(now[name]).map((container, index) => ({ ...container, image: former[index]?.image }))
  }
  restore(out, before, 'activeDeadlineSeconds')
  if (keepsAll(now.tolerations, before.tolerations)) restore(out, before, 'tolerations')
  const isGated = length(before.schedulingGates) > 0
  restore(out, before, 'schedulingGates')
  if (isGated && keepsEntries(field(now, 'nodeSelector'), field(before, 'nodeSelector'))) {
    restore(out, before, 'nodeSelector')
  }
  return out
}

function restore(spec: Json, before: Json, name: string): void {
  if (before[name] === undefined) delete spec[name]
  else spec[name] = before[name]
}

function keepsEntries(now: Json, before: Json): boolean {
  return Object.entries(before).every(([key, value]) => now[key] === value)
}

function keepsAll(now: unknown, before: unknown): boolean {
  const present = new Set(objects(now).map((item) => JSON.stringify(sortedKeys(item))))
  return objects(before).every((item) => present.has(JSON.stringify(sortedKeys(item))))
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys)
  if (!isObject(value)) return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sortedKeys(item)]))
}
