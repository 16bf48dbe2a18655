import { parseDeploymentMode } from '../deployment-mode.ts'
import { isRecord } from '../validate/check-schema.ts'
import { errorAt, type Finding, formatPath, warningAt } from '../validate/finding.ts'
import { nearName } from '../validate/near-name.ts'
import { parseQuantity } from '../validate/quantity.ts'
import {
  annotationsNeverPropagated,
  type ClusterConfig,
  configSchemas,
  defaultDomainTemplate,
  labelsNeverPropagated,
} from './cluster-config.ts'
import { jsonPlaces, type TextPlace } from './json-places.ts'
import { readConfig } from './read-config.ts'

export interface ConfigFinding extends Finding {
  /** Where it stands in the text of its key; absent where the key itself is the matter. */
  readonly place?: TextPlace
}

export interface ParsedConfig {
  readonly config: ClusterConfig
  /** Errors are parts that could not be used; each names its key and line. */
  readonly findings: readonly ConfigFinding[]
}

type Key = keyof ClusterConfig

/** A key that explains the others and configures nothing. */
const exampleKey = '_example'

/**
 * The configuration in a ConfigMap's `data`. A key whose text is not JSON, and a setting that is wrong, keep the value of
 * `lastGood`, or else have their defaults; nothing else is lost. No ConfigMap at all is a configuration of defaults.
 */
export function parseConfig(
  data: Readonly<Record<string, string>> | undefined,
  lastGood?: ClusterConfig,
): ParsedConfig {
  const findings: ConfigFinding[] = []
  for (const key of Object.keys(data ?? {})) {
    if (Object.hasOwn(configSchemas, key) || key === exampleKey) continue
    const near = nearName(key, Object.keys(configSchemas))
    const advice = near === undefined ? 'it is ignored' : `did you mean ${JSON.stringify(near)}? It is ignored`
    findings.push(warningAt(['data', key], 'unknown-key', `is not a key of the configuration: ${advice}`))
  }
  const parts = (Object.keys(configSchemas) as Key[]).map((key) => [
    key,
    parseKey(key, data?.[key], lastGood, findings),
  ])
  const config = completed(Object.fromEntries(parts) as ClusterConfig)
  checkIngress(config.ingress, data?.['ingress'], findings)
  checkResources(config, data ?? {}, findings)
  checkRollout(config.deploy, data?.['deploy'], findings)
  return lastGood ? withLastGood({ config, findings }, lastGood) : { config, findings }
}

/** A wrong setting stays as it was: a default could change every service of the cluster. */
function withLastGood({ config, findings }: ParsedConfig, lastGood: ClusterConfig): ParsedConfig {
  const kept: Record<string, unknown> = { ...config }
  const told = findings.map((finding) => {
    const [, key = '', field] = finding.segments.map(String)
    const known: unknown = Reflect.get(lastGood, key)
    if (finding.severity !== 'error' || field === undefined || !isRecord(known)) return finding
    const { [field]: _, ...others } = Object(kept[key]) as Record<string, unknown>
    kept[key] = Object.hasOwn(known, field) ? { ...others, [field]: known[field] } : others
    return { ...finding, message: `${finding.message}; the last good value stays until it is mended` }
  })
  return { config: kept as unknown as ClusterConfig, findings: told }
}

function parseKey(
  key: Key,
  text: string | undefined,
  lastGood: ClusterConfig | undefined,
  findings: ConfigFinding[],
): unknown {
  const path = ['data', key]
  if (text === undefined) return readConfig(configSchemas[key], {}, path, [])
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const { mistake } = jsonPlaces(text)
    const { line, column, message } = mistake ?? { line: 1, column: 1, message: 'it cannot be read' }
    const kept = lastGood ? 'the last good value stays' : 'the defaults are used'
    const told = `is not JSON (line ${line}, column ${column}): ${message}; ${kept} until it is mended`
    findings.push({ ...errorAt(path, 'json', told), place: { line, column } })
    return lastGood ? lastGood[key] : readConfig(configSchemas[key], {}, path, [])
  }
  const found: Finding[] = []
  const read = readConfig(configSchemas[key], value, path, found)
  for (const finding of found) findings.push(withLine(finding, text))
  return read
}

/** Says on which line of the key's text the field stands. */
function withLine(finding: Finding, text: string): ConfigFinding {
  const [, key, ...path] = finding.segments
  const place = jsonPlaces(text).placeOf(path)
  return { ...finding, place, message: `${finding.message} (line ${place.line} of ${key})` }
}

/** Lists that have fixed members, older spellings, and hosts that follow from others. */
function completed(config: ClusterConfig): ClusterConfig {
  const { inferenceService, ingress, deploy } = config
  return {
    ...config,
    deploy: { ...deploy, defaultDeploymentMode: parseDeploymentMode(deploy.defaultDeploymentMode) ?? 'Standard' },
    ingress: {
      ...ingress,
      ingressDomain: ingress.ingressDomain || 'example.com',
      urlScheme: ingress.urlScheme || 'http',
      domainTemplate: ingress.domainTemplate || defaultDomainTemplate,
      knativeLocalGatewayService: ingress.knativeLocalGatewayService || ingress.localGatewayService,
    },
    inferenceService: {
      ...inferenceService,
      serviceAnnotationDisallowedList: union(
        annotationsNeverPropagated,
        inferenceService.serviceAnnotationDisallowedList,
      ),
      serviceLabelDisallowedList: union(labelsNeverPropagated, inferenceService.serviceLabelDisallowedList),
    },
  }
}

function union(first: readonly string[], second: readonly string[]): readonly string[] {
  return [...new Set([...first, ...second])]
}

const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const action = /\{\{-?\s*(.*?)\s*-?\}\}/g
/** What a template may use; within `with` and `range` a dot is something else. */
const templateFields: readonly string[] = ['Name', 'Namespace', 'IngressDomain', 'Labels', 'Annotations']
const field = /(?<![\w.)\]])\.([A-Za-z_]\w*)/g

function checkIngress(ingress: ClusterConfig['ingress'], text: string | undefined, findings: ConfigFinding[]): void {
  if (text === undefined) return
  const complain = (field: string, message: string, value: string): void => {
    findings.push(withLine(errorAt(['data', 'ingress', field], 'ingress', message, { value }), text))
  }
  const parts = ingress.kserveIngressGateway.split('/')
  if (ingress.enableGatewayApi && (parts.length !== 2 || !parts.every((part) => dnsLabel.test(part)))) {
    complain('kserveIngressGateway', 'must be namespace/name of a Gateway', ingress.kserveIngressGateway)
  }
  for (const name of ['domainTemplate', 'pathTemplate'] as const) {
    const template = ingress[name]
    for (const whole of unknownActions(template)) {
      const names = '.Name, .Namespace, .IngressDomain, .Labels.x and .Annotations.x'
      complain(name, `${whole} is not known: a template may use ${names}`, template)
    }
    if (template.replaceAll(action, '').includes('{{')) complain(name, 'has a "{{" that is not closed', template)
  }
}

function unknownActions(template: string): readonly string[] {
  const actions = [...template.matchAll(action)]
  if (actions.some(([, inner = '']) => /^(with|range)\b/.test(inner))) return []
  return actions.flatMap(([whole, inner = '']) => {
    const used = [...inner.replaceAll(/"[^"]*"|`[^`]*`/g, '""').matchAll(field)].map(([, name = '']) => name)
    return used.every((name) => templateFields.includes(name)) ? [] : [whole]
  })
}

/** Every setting that ends as a quantity in a pod must be one, or no pod could be made. */
function checkResources(
  config: ClusterConfig,
  data: Readonly<Record<string, string>>,
  findings: ConfigFinding[],
): void {
  const visit = (value: unknown, path: readonly string[]): void => {
    if (!isRecord(value)) return
    for (const [name, field] of Object.entries(value)) {
      const place = [...path, name]
      if (!/^(cpu|memory)(Request|Limit|Modelcar)$/.test(name)) visit(field, place)
      else if (field !== '' && parseQuantity(field) === undefined) {
        const message = `${JSON.stringify(field)} is not a quantity such as "500m" or "2Gi"`
        const finding = errorAt(['data', ...place], 'quantity', message, { value: field })
        findings.push(withLine(finding, data[path[0] ?? ''] ?? ''))
      }
    }
  }
  visit(config, [])
}

/** As in a Deployment: a number of pods, or a percentage. */
const rolloutAmount = /^(\d+|\d+%)$/

function checkRollout(deploy: ClusterConfig['deploy'], text: string | undefined, findings: ConfigFinding[]): void {
  const amounts = deploy.deploymentRolloutStrategy?.defaultRollout
  for (const name of ['maxSurge', 'maxUnavailable'] as const) {
    const value = amounts?.[name]
    if (text === undefined || !value || rolloutAmount.test(value)) continue
    const path = ['data', 'deploy', 'deploymentRolloutStrategy', 'defaultRollout', name]
    const message = `${JSON.stringify(value)} is neither a number of pods such as "1" nor a percentage such as "25%"`
    findings.push(withLine(errorAt(path, 'rollout', message, { value }), text))
  }
}

/** One line for logs and events, such as `inferenceservice-config data.ingress.urlScheme: must be …`. */
export function formatConfigFinding(finding: Finding): string {
  return `inferenceservice-config ${formatPath(finding.segments)}: ${finding.message}`
}
