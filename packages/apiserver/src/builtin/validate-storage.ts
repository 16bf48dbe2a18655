import { words } from '../schema/words.ts'
import { deepEqual } from '../schema/deep-equal.ts'
import { type FieldError, forbidden, invalid, notSupported, required } from '../schema/field-error.ts'
import { parseQuantity } from '../schema/quantity.ts'
import { isObject, type Json } from './defaults-type.ts'
import { field, named, oneOf } from './findings.ts'
import { qualifiedNameErrors, subdomainErrors } from './names.ts'
import { checkSelector } from './validate-selector.ts'

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
const volumeModes = ['Block', 'Filesystem']

function checkAccessModes(given: unknown, path: string): FieldError[] {
  const modes = Array.isArray(given) ? given.map(String) : []
  const findings: FieldError[] = modes.flatMap((mode) =>
    accessModes.includes(mode) ? [] : [notSupported(path, mode, accessModes)],
  )
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    findings.push(forbidden(path, 'may not use ReadWriteOncePod with other access modes'))
  }
  return findings
}

export function checkClaim(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  const findings: FieldError[] = []
  const modes = Array.isArray(spec.accessModes) ? spec.accessModes : []
  if (modes.length === 0) findings.push(required('spec.accessModes', 'at least 1 access mode is required'))
  findings.push(...checkSelector(spec.selector, 'spec.selector'))
  findings.push(...checkAccessModes(modes, 'spec.accessModes'))
  const storage = field(field(spec, 'resources'), 'requests').storage
  const amount = storage === undefined ? undefined : parseQuantity(String(storage))
  if (!amount) findings.push(required('spec.resources[storage]'))
  else if (amount.nano <= 0n) findings.push(invalid('spec.resources[storage]', storage, 'must be greater than zero'))
  if (spec.storageClassName) findings.push(...named('spec.storageClassName', spec.storageClassName, subdomainErrors))
  return [...findings, ...oneOf('spec.volumeMode', spec.volumeMode, volumeModes)]
}

const claimText =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'

/** A claim keeps its spec; the volume's name may be filled in once, a bound claim may ask for more. */
export function checkClaimUpdate(object: Json, old: Json): readonly FieldError[] {
  const now = { ...field(object, 'spec') }
  const before = { ...field(old, 'spec') }
  if (!before.volumeName) delete now.volumeName
  const asked = parseQuantity(String(field(field(now, 'resources'), 'requests').storage ?? ''))
  const had = parseQuantity(String(field(field(before, 'resources'), 'requests').storage ?? ''))
  if (field(old, 'status').phase === 'Bound') {
    if (asked && had && asked.nano < had.nano) {
      const detail = 'field can not be less than status.capacity'
      return [forbidden('spec.resources.requests.storage', detail)]
    }
    now.resources = before.resources
    if (before.volumeAttributesClassName === undefined) delete now.volumeAttributesClassName
    else now.volumeAttributesClassName = before.volumeAttributesClassName
  }
  if (!before.volumeName) delete before.volumeName
  const changed = deepEqual(now, before) ? [] : [forbidden('spec', claimText)]
  return [...changed, ...sameMode(object, old)]
}

function sameMode(object: Json, old: Json): readonly FieldError[] {
  const mode = field(object, 'spec').volumeMode
  return mode === field(old, 'spec').volumeMode ? [] : [invalid('volumeMode', mode ?? null, 'field is immutable')]
}

/** A volume keeps where its data is. */
export function checkVolumeUpdate(object: Json, old: Json): readonly FieldError[] {
  const source = (volume: Json): Json =>
    Object.fromEntries(Object.entries(field(volume, 'spec')).filter(([name]) => !notSources.has(name)))
  const path = 'spec.persistentvolumesource'
  const moved = deepEqual(source(object), source(old)) ? [] : [forbidden(path, `${path} is immutable after creation`)]
  return [...moved, ...sameMode(object, old)]
}

const notSources: ReadonlySet<string> = new Set(
  words(`
  accessModes capacity claimRef mountOptions nodeAffinity persistentVolumeReclaimPolicy
  storageClassName volumeAttributesClassName volumeMode
`),
)

export function checkVolume(object: Json): readonly FieldError[] {
  const spec = field(object, 'spec')
  const findings: FieldError[] = []
  const modes = Array.isArray(spec.accessModes) ? spec.accessModes : []
  if (modes.length === 0) findings.push(required('spec.accessModes'))
  findings.push(...checkAccessModes(modes, 'spec.accessModes'))
  const { capacity } = spec
  if (!isObject(capacity)) findings.push(required('spec.capacity'))
  if (!isObject(capacity) || !Object.hasOwn(capacity, 'storage')) {
    findings.push(notSupported('spec.capacity', capacity ?? null, ['storage']))
  } else if ((parseQuantity(String(capacity.storage))?.nano ?? 0n) <= 0n) {
    findings.push(invalid('spec.capacity[storage]', capacity.storage, 'must be greater than zero'))
  }
  findings.push(
    ...oneOf('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, ['Delete', 'Recycle', 'Retain']),
  )
  const sources = Object.keys(spec).filter((name) => !notSources.has(name))
  if (sources.length === 0) findings.push(required('spec', 'must specify a volume type'))
  const extra = sources.slice(1).map((name) => forbidden(`spec.${name}`, 'may not specify more than 1 volume type'))
  return [...findings, ...extra, ...oneOf('spec.volumeMode', spec.volumeMode, volumeModes)]
}

export function checkStorageClass(object: Json): readonly FieldError[] {
  const findings: FieldError[] = object.provisioner
    ? named('provisioner', String(object.provisioner).toLowerCase(), qualifiedNameErrors)
    : [required('provisioner')]
  findings.push(...oneOf('reclaimPolicy', object.reclaimPolicy, ['Delete', 'Retain']))
  return [...findings, ...oneOf('volumeBindingMode', object.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'])]
}

export function checkStorageClassUpdate(object: Json, old: Json): readonly FieldError[] {
  const frozen = ['parameters', 'provisioner', 'reclaimPolicy']
  const findings = frozen.flatMap((name) =>
    deepEqual(object[name], old[name]) ? [] : [forbidden(name, `updates to ${name} are forbidden.`)],
  )
  const { volumeBindingMode: mode } = object
  return mode === old.volumeBindingMode
    ? findings
    : [...findings, invalid('volumeBindingMode', mode ?? null, 'field is immutable')]
}
