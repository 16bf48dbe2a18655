import { duplicate, type FieldError, forbidden, invalid, notFound, required } from '../schema/field-error.ts'
import { verbatim } from '../schema/go-text.ts'
import { parseQuantity } from '../schema/quantity.ts'
import { isObject, type Json, objects } from './defaults-type.ts'
import { each, field, named, oneOf, port, requiredName, userId } from './findings.ts'
import {
  configKeyErrors,
  labelErrors,
  notNegative,
  portNameErrors,
  qualifiedNameErrors,
  subdomainErrors,
} from './names.ts'
import { checkHandlers, checkProbe } from './validate-probe.ts'

/** All containers of a pod: names are unique among the lists together. */
export function checkContainers(spec: Json, path: string, volumes: ReadonlySet<string>): FieldError[] {
  const containers = objects(spec.containers)
  const findings: FieldError[] = []
  const names = new Set<string>()
  const checkName = (container: Json, at: string) => {
    const name = String(container.name ?? '')
    findings.push(...requiredName(`${at}.name`, name, labelErrors))
    if (name !== '' && names.has(name)) findings.push(duplicate(`${at}.name`, name))
    names.add(name)
  }
  if (containers.length === 0) return [required(`${path}.containers`)]
  containers.forEach((container, index) => {
    const at = `${path}.containers[${index}]`
    checkName(container, at)
    findings.push(...checkContainer(container, at, volumes), ...checkLifecycle(container, at))
  })
  findings.push(...checkHostPorts(containers, path))
  objects(spec.initContainers).forEach((container, index) => {
    const at = `${path}.initContainers[${index}]`
    checkName(container, at)
    findings.push(...checkContainer(container, at, volumes), ...checkInit(container, at))
  })
  return findings
}

function checkContainer(container: Json, path: string, volumes: ReadonlySet<string>): FieldError[] {
  return [
    ...checkImage(container.image, `${path}.image`),
    ...oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, ['File', 'FallbackToLogsOnError']),
    ...checkPorts(container.ports, `${path}.ports`),
    ...each(`${path}.env`, container.env, checkEnv),
    ...each(`${path}.envFrom`, container.envFrom, checkEnvFrom),
    ...checkMounts(container, path, volumes),
    ...oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']),
    ...checkResources(field(container, 'resources'), `${path}.resources`),
    ...checkSecurity(container.securityContext, `${path}.securityContext`),
  ]
}

function checkImage(image: unknown, path: string): FieldError[] {
  if (typeof image !== 'string' || image === '') return [required(path)]
  return image === image.trim() ? [] : [invalid(path, image, 'must not have leading or trailing whitespace')]
}

/** Probes and hooks of a main container, or of an init container that keeps running. */
function checkLifecycle(container: Json, path: string): FieldError[] {
  const lifecycle = field(container, 'lifecycle')
  return [
    ...['postStart', 'preStop'].flatMap((name) =>
      isObject(lifecycle[name]) ? checkHandlers(lifecycle[name], `${path}.lifecycle.${name}`) : [],
    ),
    ...checkProbe(container.livenessProbe, `${path}.livenessProbe`, true),
    ...checkProbe(container.readinessProbe, `${path}.readinessProbe`, false),
    ...checkProbe(container.startupProbe, `${path}.startupProbe`, true),
  ]
}

function checkInit(container: Json, path: string): FieldError[] {
  const detail = 'may not be set for init containers without restartPolicy=Always'
  if (container.restartPolicy === 'Always') return checkLifecycle(container, path)
  return ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'].flatMap((name) =>
    container[name] === undefined ? [] : [forbidden(`${path}.${name}`, detail)],
  )
}

function checkPorts(ports: unknown, path: string): FieldError[] {
  const names = new Set<string>()
  return each(path, ports, (item, at) => {
    const findings: FieldError[] = []
    const name = String(item.name ?? '')
    if (name !== '') {
      const errors = named(`${at}.name`, name, portNameErrors)
      findings.push(...errors)
      if (errors.length === 0 && names.has(name)) findings.push(duplicate(`${at}.name`, name))
      names.add(name)
    }
    if (!item.containerPort) findings.push(required(`${at}.containerPort`))
    else findings.push(...port(`${at}.containerPort`, item.containerPort))
    if (item.hostPort) findings.push(...port(`${at}.hostPort`, item.hostPort))
    return [...findings, ...oneOf(`${at}.protocol`, item.protocol, ['SCTP', 'TCP', 'UDP'])]
  })
}

function checkHostPorts(containers: readonly Json[], path: string): FieldError[] {
  const taken = new Set<string>()
  return containers.flatMap((container, index) =>
    each(`${path}.containers[${index}].ports`, container.ports, (item, at) => {
      if (!item.hostPort) return []
      const key = `${item.protocol}/${item.hostIP ?? ''}/${item.hostPort}`
      if (taken.has(key)) return [duplicate(`${at}.hostPort`, key)]
      taken.add(key)
      return []
    }),
  )
}

function checkEnv(env: Json, path: string): FieldError[] {
  const name = String(env.name ?? '')
  const detail = "a valid environment variable name must consist only of printable ASCII characters other than '='"
  const findings: FieldError[] = []
  if (name === '') findings.push(required(`${path}.name`))
  else if (!/^[ -<>-~]+$/.test(name)) findings.push(invalid(`${path}.name`, name, detail))
  if (isObject(env.valueFrom)) findings.push(...checkValueFrom(env, env.valueFrom, `${path}.valueFrom`))
  return findings
}

const fieldPaths =
  /^(?:metadata\.(?:name|namespace|uid)|spec\.(?:nodeName|serviceAccountName)|status\.(?:hostIP|hostIPs|podIP|podIPs))$/
const resourceFields = ['limits', 'requests'].flatMap((kind) =>
  ['cpu', 'ephemeral-storage', 'memory'].map((resource) => `${kind}.${resource}`),
)

function checkValueFrom(env: Json, source: Json, path: string): FieldError[] {
  const kinds = Object.keys(source)
  const findings: FieldError[] = []
  if (isObject(source.fieldRef)) findings.push(...checkFieldRef(source.fieldRef, `${path}.fieldRef`))
  if (isObject(source.resourceFieldRef)) {
    const { resource } = source.resourceFieldRef
    const at = `${path}.resourceFieldRef.resource`
    if (!resource) findings.push(required(at))
    else if (!String(resource).includes('hugepages-')) findings.push(...oneOf(at, resource, resourceFields))
  }
  for (const kind of ['configMapKeyRef', 'secretKeyRef']) {
    const reference = source[kind]
    if (!isObject(reference)) continue
    findings.push(...named(`${path}.${kind}.name`, reference.name, subdomainErrors))
    findings.push(...requiredName(`${path}.${kind}.key`, reference.key, configKeyErrors))
  }
  if (kinds.length === 0) {
    findings.push(
      invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'),
    )
  } else if (env.value) findings.push(invalid(path, '', 'may not be specified when `value` is not empty'))
  else if (kinds.length > 1) findings.push(invalid(path, '', 'may not have more than one field specified at a time'))
  return findings
}

function checkFieldRef(reference: Json, path: string): FieldError[] {
  const fieldPath = String(reference.fieldPath ?? '')
  if (fieldPath === '') return [required(`${path}.fieldPath`)]
  const isSubscripted = /^metadata\.(?:labels|annotations)\['[^']+'\]$/.test(fieldPath)
  if (fieldPaths.test(fieldPath) || isSubscripted) return []
  const detail = `error converting fieldPath: field label not supported: ${fieldPath}`
  return [invalid(`${path}.fieldPath`, fieldPath, detail)]
}

function checkEnvFrom(source: Json, path: string): FieldError[] {
  const list = path.replace(/\[\d+\]$/, '')
  const kinds = ['configMapRef', 'secretRef'].filter((kind) => isObject(source[kind]))
  const findings = kinds.flatMap((kind) =>
    requiredName(`${path}.${kind}.name`, field(source, kind).name, subdomainErrors),
  )
  if (kinds.length === 0) findings.push(invalid(list, '', 'must specify one of: `configMapRef` or `secretRef`'))
  if (kinds.length > 1) findings.push(invalid(list, '', 'may not have more than one field specified at a time'))
  return findings
}

function checkMounts(container: Json, path: string, volumes: ReadonlySet<string>): FieldError[] {
  const places = new Set<string>()
  const findings = each(`${path}.volumeMounts`, container.volumeMounts, (mount, at) => {
    const own: FieldError[] = []
    const name = String(mount.name ?? '')
    const place = String(mount.mountPath ?? '')
    if (name === '') own.push(required(`${at}.name`))
    if (!volumes.has(name)) own.push(notFound(`${at}.name`, name))
    if (place === '') own.push(required(`${at}.mountPath`))
    if (places.has(place)) own.push(invalid(`${at}.mountPath`, place, 'must be unique'))
    places.add(place)
    if (mount.subPath) own.push(...relativePath(`${path}.volumeMounts.subPath`, String(mount.subPath)))
    if (mount.subPath && mount.subPathExpr) {
      own.push(
        invalid(
          `${path}.volumeMounts.subPathExpr`,
          mount.subPathExpr,
          'subPathExpr and subPath are mutually exclusive',
        ),
      )
    }
    return own
  })
  const devices = each(`${path}.volumeDevices`, container.volumeDevices, (device, at) => {
    const name = String(device.name ?? '')
    return volumes.has(name) ? [] : [notFound(`${at}.name`, name)]
  })
  return [...findings, ...devices]
}

/** A path that stays below where it starts. */
export function relativePath(path: string, value: string): FieldError[] {
  const findings: FieldError[] = value.startsWith('/') ? [invalid(path, value, 'must be a relative path')] : []
  if (value.split('/').includes('..')) findings.push(invalid(path, value, "must not contain '..'"))
  return findings
}

const standardResources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'])

function checkResources(resources: Json, path: string): FieldError[] {
  const limits = field(resources, 'limits')
  const requests = field(resources, 'requests')
  const findings = [...amounts(limits, `${path}.limits`), ...amounts(requests, `${path}.requests`)]
  let isLimitMissing = false
  for (const [name, text] of Object.entries(requests)) {
    const request = parseQuantity(String(text))
    const limit = limits[name] === undefined ? undefined : parseQuantity(String(limits[name]))
    const overcommits = standardResources.has(name) || isNative(name)
    if (!request) continue
    if (!limit) isLimitMissing ||= !overcommits && !standardResources.has(name)
    else if (overcommits && request.nano > limit.nano) {
      const detail = `must be less than or equal to ${name} limit of ${limits[name]}`
      findings.push(invalid(`${path}.requests`, text, detail))
    } else if (!overcommits && request.nano !== limit.nano) {
      findings.push(invalid(`${path}.requests`, text, `must be equal to ${name} limit of ${limits[name]}`))
    }
  }
  if (isLimitMissing) {
    findings.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'))
  }
  return findings
}

/** Without a domain, or in Kubernetes' own. */
const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/')

function amounts(list: Json, path: string): FieldError[] {
  return Object.entries(list).flatMap(([name, text]) => {
    const at = `${path}[${name}]`
    const findings: FieldError[] = named(at, name, qualifiedNameErrors)
    const isHuge = name.startsWith('hugepages-')
    if (findings.length === 0 && !name.includes('/') && !standardResources.has(name) && !isHuge) {
      findings.push(invalid(at, name, 'must be a standard resource type or fully qualified'))
      findings.push(invalid(at, name, 'must be a standard resource for containers'))
    }
    const quantity = parseQuantity(String(text))
    if (quantity && quantity.nano < 0n) findings.push(invalid(at, text, notNegative))
    const isWhole = !standardResources.has(name) && name.includes('/')
    if (quantity && isWhole && quantity.nano % 1_000_000_000n !== 0n)
      findings.push(invalid(at, text, 'must be an integer'))
    return findings
  })
}

function checkSecurity(context: unknown, path: string): FieldError[] {
  if (!isObject(context)) return []
  const findings = [
    ...userId(`${path}.runAsUser`, context.runAsUser),
    ...userId(`${path}.runAsGroup`, context.runAsGroup),
  ]
  if (context.allowPrivilegeEscalation !== false || context.privileged !== true) return findings
  const detail = 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'
  return [...findings, invalid(path, verbatim(JSON.stringify(context)), detail)]
}
