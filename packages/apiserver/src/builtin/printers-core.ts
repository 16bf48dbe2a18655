import type { KubeObject } from '@millrace/kube'
import type { Printers } from './table-printer.ts'
import {
  age,
  at,
  columns,
  conditionStatus,
  containerCells,
  count,
  items,
  labelsText,
  since,
  strings,
  text,
} from './printer-cells.ts'

const name = (object: KubeObject): string => object.metadata.name ?? ''

/** A column that only holds how many entries some fields have. */
function counted(column: string, ...fields: readonly string[]): Printers[string] {
  return {
    columns: columns('Name:string:name', column, 'Age:string'),
    cells: (object, nowMs) => {
      const total = fields.reduce((sum, field) => sum + Object.keys(at(object, field) ?? {}).length, 0)
      return [name(object), total, age(object, nowMs)]
    },
  }
}

export const corePrinters: Printers = {
  '/ResourceQuota': {
    columns: columns('Name:string:name', 'Request:string', 'Limit:string', 'Age:string'),
    cells: (object, nowMs) => {
      const hard = Object.entries(at(object, 'status', 'hard') ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
      const shown = (isLimit: boolean): string =>
        hard
          .filter(([resource]) => resource.startsWith('limits.') === isLimit)
          .map(([resource, most]) => `${resource}: ${text(object, 'status', 'used', resource) || '0'}/${String(most)}`)
          .join(', ')
      return [name(object), shown(false), shown(true), age(object, nowMs)]
    },
  },
  '/Namespace': {
    columns: columns('Name:string:name', 'Status:string', 'Age:string'),
    cells: (object, nowMs) => [name(object), text(object, 'status', 'phase'), age(object, nowMs)],
  },
  '/ConfigMap': counted('Data:string', 'data', 'binaryData'),
  '/Secret': {
    columns: columns('Name:string:name', 'Type:string', 'Data:string', 'Age:string'),
    cells: (object, nowMs) => {
      const entries = Object.keys(at(object, 'data') ?? {}).length
      return [name(object), text(object, 'type'), entries, age(object, nowMs)]
    },
  },
  '/ServiceAccount': counted('Secrets:string', 'secrets'),
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': counted('Webhooks:integer', 'webhooks'),
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': counted('Webhooks:integer', 'webhooks'),
  '/Node': {
    columns: columns(
      'Name:string:name, Status:string, Roles:string, Age:string, Version:string, +Internal-IP:string',
      '+External-IP:string, +OS-Image:string, +Kernel-Version:string, +Container-Runtime:string',
    ),
    cells: (object, nowMs) => [
      name(object),
      nodeStatus(object),
      nodeRoles(object) || '<none>',
      age(object, nowMs),
      text(object, 'status', 'nodeInfo', 'kubeletVersion'),
      nodeAddress(object, 'InternalIP'),
      nodeAddress(object, 'ExternalIP'),
      ...['osImage', 'kernelVersion', 'containerRuntimeVersion'].map(
        (field) => text(object, 'status', 'nodeInfo', field) || '<unknown>',
      ),
    ],
  },
  '/Event': {
    columns: columns(
      'Last Seen:string, Type:string, Reason:string, Object:string, +Subobject:string, +Source:string',
      'Message:string, +First Seen:string, +Count:string, +Name:string:name',
    ),
    cells: eventCells,
  },
  'events.k8s.io/Event': {
    columns: columns(
      'Last Seen:string, Type:string, Reason:string, Object:string, +Subobject:string, +Source:string',
      'Message:string, +First Seen:string, +Count:string, +Name:string:name',
    ),
    cells: (object, nowMs) => eventCells(asCoreEvent(object), nowMs),
  },
  '/PersistentVolume': {
    columns: columns(
      'Name:string:name, Capacity:string, Access Modes:string, Reclaim Policy:string, Status:string',
      'Claim:string, StorageClass:string, VolumeAttributesClass:string, Reason:string, Age:string',
      '+VolumeMode:string',
    ),
    cells: (object, nowMs) => {
      const claim = at(object, 'spec', 'claimRef')
      return [
        name(object),
        text(object, 'spec', 'capacity', 'storage') || '0',
        accessModes(at(object, 'spec', 'accessModes')),
        text(object, 'spec', 'persistentVolumeReclaimPolicy'),
        object.metadata.deletionTimestamp ? 'Terminating' : text(object, 'status', 'phase'),
        claim ? `${text(claim, 'namespace')}/${text(claim, 'name')}` : '',
        storageClass(object),
        text(object, 'spec', 'volumeAttributesClassName') || '<unset>',
        text(object, 'status', 'reason'),
        age(object, nowMs),
        text(object, 'spec', 'volumeMode') || '<unset>',
      ]
    },
  },
  '/PersistentVolumeClaim': {
    columns: columns(
      'Name:string:name, Status:string, Volume:string, Capacity:string, Access Modes:string',
      'StorageClass:string, VolumeAttributesClass:string, Age:string, +VolumeMode:string',
    ),
    cells: (object, nowMs) => {
      const volume = text(object, 'spec', 'volumeName')
      return [
        name(object),
        object.metadata.deletionTimestamp ? 'Terminating' : text(object, 'status', 'phase'),
        volume,
        volume === '' ? '' : text(object, 'status', 'capacity', 'storage') || '0',
        volume === '' ? '' : accessModes(at(object, 'status', 'accessModes')),
        storageClass(object),
        text(object, 'spec', 'volumeAttributesClassName') || '<unset>',
        age(object, nowMs),
        text(object, 'spec', 'volumeMode') || '<unset>',
      ]
    },
  },
  'storage.k8s.io/StorageClass': {
    columns: columns(
      'Name:string:name, Provisioner:string, ReclaimPolicy:string, VolumeBindingMode:string',
      'AllowVolumeExpansion:string, Age:string',
    ),
    cells: (object, nowMs) => {
      const isDefault = object.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
      return [
        `${name(object)}${isDefault ? ' (default)' : ''}`,
        text(object, 'provisioner'),
        text(object, 'reclaimPolicy') || 'Delete',
        text(object, 'volumeBindingMode') || 'Immediate',
        at(object, 'allowVolumeExpansion') === true,
        age(object, nowMs),
      ]
    },
  },
  'coordination.k8s.io/Lease': {
    columns: columns('Name:string:name', 'Holder:string', 'Age:string'),
    cells: (object, nowMs) => [name(object), text(object, 'spec', 'holderIdentity'), age(object, nowMs)],
  },
  'scheduling.k8s.io/PriorityClass': {
    columns: columns('Name:string:name, Value:integer, Global-Default:boolean, Age:string, PreemptionPolicy:string'),
    cells: (object, nowMs) => [
      name(object),
      count(object, 'value'),
      at(object, 'globalDefault') === true,
      age(object, nowMs),
      text(object, 'preemptionPolicy'),
    ],
  },
  '/PodTemplate': {
    columns: columns('Name:string:name', 'Containers:string', 'Images:string', 'Pod Labels:string'),
    cells: (object) => [
      name(object),
      ...containerCells(at(object, 'template', 'spec')),
      labelsText(at(object, 'template', 'metadata', 'labels')),
    ],
  },
}

function nodeStatus(node: KubeObject): string {
  const ready = conditionStatus(node, 'Ready')
  const status = ready === '' ? 'Unknown' : ready === 'True' ? 'Ready' : 'NotReady'
  return at(node, 'spec', 'unschedulable') === true ? `${status},SchedulingDisabled` : status
}

const rolePrefix = 'node-role.kubernetes.io/'

function nodeRoles(node: KubeObject): string {
  const roles = Object.entries(node.metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix)) return [key.slice(rolePrefix.length)]
    return key === 'kubernetes.io/role' ? [value] : []
  })
  return [...new Set(roles.filter((role) => role !== ''))].sort().join(',')
}

function nodeAddress(node: KubeObject, type: string): string {
  return (
    text(
      items(node, 'status', 'addresses').find((address) => address.type === type),
      'address',
    ) || '<none>'
  )
}

function eventCells(event: KubeObject, nowMs: number): readonly unknown[] {
  const first = at(event, 'firstTimestamp') ?? at(event, 'eventTime')
  const last = at(event, 'series', 'lastObservedTime') ?? at(event, 'lastTimestamp') ?? first
  const target = text(event, 'involvedObject', 'name')
  const kind = text(event, 'involvedObject', 'kind').toLowerCase()
  const component = text(event, 'source', 'component') || text(event, 'reportingComponent')
  const instance = text(event, 'source', 'host') || text(event, 'reportingInstance')
  return [
    since(last, nowMs),
    text(event, 'type'),
    text(event, 'reason'),
    target === '' ? kind : `${kind}/${target}`,
    text(event, 'involvedObject', 'fieldPath'),
    instance === '' ? component : `${component}, ${instance}`,
    text(event, 'message').trim(),
    since(first, nowMs),
    count(event, 'series', 'count') || count(event, 'count') || 1,
    name(event),
  ]
}

/** The same event as the core group spells it. */
function asCoreEvent(event: KubeObject): KubeObject {
  return {
    ...event,
    involvedObject: event.regarding,
    message: event.note,
    source: event.deprecatedSource,
    firstTimestamp: event.deprecatedFirstTimestamp,
    lastTimestamp: event.deprecatedLastTimestamp,
    count: event.deprecatedCount,
    reportingComponent: event.reportingController,
  }
}

const modeLetters: readonly [string, string][] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
]

function accessModes(modes: unknown): string {
  const given = strings(modes)
  return modeLetters
    .filter(([mode]) => given.includes(mode))
    .map(([, letters]) => letters)
    .join(',')
}

function storageClass(object: KubeObject): string {
  return (
    object.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? text(object, 'spec', 'storageClassName')
  )
}
