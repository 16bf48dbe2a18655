import type { KubeObject } from '@millrace/kube'
import type { Gvk } from '../builtin/resource-info.ts'

/** Field selectors of built-in kinds, with the value an empty field has: https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/ */
const fieldsByKind: Readonly<Record<string, readonly string[]>> = {
  Pod: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  Namespace: ['status.phase'],
  Node: ['spec.unschedulable'],
  Secret: ['type'],
  Service: ['spec.clusterIP', 'spec.type'],
  ReplicationController: ['status.replicas'],
  Job: ['status.successful'],
  ServiceAccount: [],
}

const eventFields = [
  'involvedObject.kind',
  'involvedObject.namespace',
  'involvedObject.name',
  'involvedObject.uid',
  'involvedObject.apiVersion',
  'involvedObject.resourceVersion',
  'involvedObject.fieldPath',
  'reason',
  'reportingComponent',
  'source',
  'type',
] as const

export function fieldNamesOf({ group, kind }: Gvk): readonly string[] {
  if (kind !== 'Event') return fieldsByKind[kind] ?? []
  return group === '' ? eventFields : [...eventFields, ...eventFields.map(newEventName)]
}

/** Values of the stored object, by field name. */
export function fieldsOf(gvk: Gvk, object: KubeObject): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {}
  for (const name of fieldNamesOf(gvk)) {
    const path = gvk.kind === 'Event' ? oldEventPath(name) : name
    fields[name] = textAt(object, path)
  }
  if (gvk.kind === 'Pod') fields['spec.hostNetwork'] ||= 'false'
  if (gvk.kind === 'Pod') fields['status.podIPs'] = podIps(object)
  if (gvk.kind === 'Node') fields['spec.unschedulable'] ||= 'false'
  if (gvk.kind === 'Event')
    fields['source'] = textAt(object, 'source.component') || textAt(object, 'reportingComponent')
  if (gvk.kind === 'Event') fields['reportingComponent'] = textAt(object, 'reportingComponent')
  return fields
}

function newEventName(name: string): string {
  return name.replace('involvedObject', 'regarding').replace('reportingComponent', 'reportingController')
}

function oldEventPath(name: string): string {
  return name.replace('regarding', 'involvedObject').replace('reportingController', 'reportingComponent')
}

function podIps({ status }: KubeObject): string {
  const ips = (status as { podIPs?: { ip?: string }[] } | undefined)?.podIPs
  return ips?.map(({ ip = '' }) => ip).join(',') ?? ''
}

/** The scalar at a dotted path as text, '' where there is none. */
export function textAt(object: unknown, path: string): string {
  let value = object
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return ''
    value = (value as Record<string, unknown>)[key]
  }
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value)
}
