import { words } from '../schema/words.ts'
import { duplicate, type FieldError, forbidden, invalid, required } from '../schema/field-error.ts'
import { parseQuantity } from '../schema/quantity.ts'
import { isObject, type Json } from './defaults-type.ts'
import { each, field, length, requiredName } from './findings.ts'
import { configKeyErrors, labelErrors } from './names.ts'
import { relativePath } from './validate-container.ts'

/** The volumes of a pod: named once, of exactly one kind each. */
export function checkVolumes(spec: Json, path: string): FieldError[] {
  const names = new Set<string>()
  return each(path, spec.volumes, (volume, at) => {
    const { name, ...sources } = volume
    const findings = checkSources(sources, at, spec)
    const text = String(name ?? '')
    const nameErrors = requiredName(`${at}.name`, text, labelErrors)
    findings.push(...nameErrors)
    if (nameErrors.length === 0 && names.has(text)) findings.push(duplicate(`${at}.name`, text))
    names.add(text)
    return findings
  })
}

/** Kubernetes looks at the kinds in this order: the first is the volume's, others are one too many. */
const sourceOrder = words(`
  emptyDir hostPath gitRepo gcePersistentDisk awsElasticBlockStore secret nfs iscsi
  glusterfs flocker persistentVolumeClaim rbd cinder cephfs quobyte downwardAPI fc
  configMap azureFile vsphereVolume photonPersistentDisk portworxVolume azureDisk storageos
  projected scaleIO csi ephemeral image
`)

function checkSources(sources: Json, path: string, spec: Json): FieldError[] {
  const given = sourceOrder.filter((kind) => isObject(sources[kind]))
  const [first, ...more] = given
  if (first === undefined) return [required(path, 'must specify a volume type')]
  const findings = checkSource(first, sources[first] as Json, `${path}.${first}`, spec)
  return [...findings, ...more.map((kind) => forbidden(`${path}.${kind}`, 'may not specify more than 1 volume type'))]
}

function checkSource(kind: string, source: Json, path: string, spec: Json): FieldError[] {
  switch (kind) {
    case 'emptyDir': {
      const size = source.sizeLimit === undefined ? undefined : parseQuantity(String(source.sizeLimit))
      if (!size || size.nano >= 0n) return []
      return [forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
    }
    case 'hostPath':
      return checkHostPath(source.path, `${path}.path`)
    case 'secret':
      return [...(source.secretName ? [] : [required(`${path}.secretName`)]), ...checkFiles(source, path)]
    case 'configMap':
      return [...(source.name ? [] : [required(`${path}.name`)]), ...checkFiles(source, path)]
    case 'persistentVolumeClaim':
      return source.claimName ? [] : [required(`${path}.claimName`)]
    case 'nfs':
      return checkNfs(source, path)
    case 'csi':
      return source.driver ? [] : [required(`${path}.driver`)]
    case 'downwardAPI':
      return [...checkMode(source.defaultMode, `${path}.defaultMode`), ...checkDownwardItems(source.items, `${path}`)]
    case 'projected':
      return checkProjected(source, path, spec)
    default:
      return []
  }
}

function checkHostPath(value: unknown, path: string): FieldError[] {
  const text = String(value ?? '')
  if (text === '') return [required(path)]
  return text.split('/').includes('..') ? [invalid(path, text, "must not contain '..'")] : []
}

function checkNfs(source: Json, path: string): FieldError[] {
  const place = String(source.path ?? '')
  return [
    ...(source.server ? [] : [required(`${path}.server`)]),
    ...(place === '' ? [required(`${path}.path`)] : []),
    ...(place.startsWith('/') ? [] : [invalid(`${path}.path`, place, 'must be an absolute path')]),
  ]
}

function checkMode(value: unknown, path: string): FieldError[] {
  if (typeof value !== 'number' || (value >= 0 && value <= 0o777)) return []
  return [invalid(path, value, 'must be a number between 0 and 0777 (octal), both inclusive')]
}

function checkFiles(source: Json, path: string): FieldError[] {
  return [...checkMode(source.defaultMode, `${path}.defaultMode`), ...checkItems(source.items, `${path}.items`)]
}

function checkItems(items: unknown, path: string): FieldError[] {
  return each(path, items, (item, at) => [
    ...requiredName(`${at}.key`, item.key, (key) => configKeyErrors(key)),
    ...checkFilePath(item.path, `${at}.path`),
    ...checkMode(item.mode, `${at}.mode`),
  ])
}

function checkFilePath(value: unknown, path: string): FieldError[] {
  return value ? relativePath(path, String(value)) : [required(path)]
}

function checkDownwardItems(items: unknown, path: string): FieldError[] {
  return each(`${path}.items`, items, (item) => checkFilePath(item.path, `${path}.path`))
}

const tokenSecondsMin = 600

function checkProjected(source: Json, path: string, spec: Json): FieldError[] {
  return [
    ...checkMode(source.defaultMode, `${path}.defaultMode`),
    ...each(`${path}.sources`, source.sources, (item, at) => {
      const [kind, ...more] = ['secret', 'configMap', 'downwardAPI', 'serviceAccountToken'].filter((name) =>
        isObject(item[name]),
      )
      const findings = kind === undefined ? [] : checkProjection(kind, field(item, kind), at, path, spec)
      const extra = more.map((name) => forbidden(`${at}.${name}`, 'may not specify more than 1 volume type'))
      return [...findings, ...extra]
    }),
  ]
}

function checkProjection(kind: string, source: Json, at: string, path: string, spec: Json): FieldError[] {
  if (kind === 'secret' || kind === 'configMap') {
    return [
      ...(source.name ? [] : [required(`${at}.${kind}.name`)]),
      ...checkItems(source.items, `${at}.${kind}.items`),
    ]
  }
  if (kind === 'downwardAPI') return checkDownwardItems(source.items, `${at}.${kind}`)
  const seconds = Number(source.expirationSeconds ?? tokenSecondsMin)
  const token = `${at}.serviceAccountToken`
  const findings: FieldError[] = []
  if (seconds < tokenSecondsMin) {
    findings.push(invalid(`${token}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'))
  }
  if (!source.path) findings.push(required(`${path}.path`))
  const isPodWithAccount = spec.serviceAccountName !== undefined || length(spec.containers) === 0
  if (!isPodWithAccount && findings.length > 0) {
    findings.push(forbidden(token, 'must not be specified when serviceAccountName is not set'))
  }
  return findings
}
