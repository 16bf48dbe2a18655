import type { KubeObject } from '@millrace/kube'
import type { Printers } from './table-printer.ts'
import { age, columns, items, text } from './printer-cells.ts'

const binding: Printers[string] = {
  columns: columns(
    'Name:string:name, Role:string, Age:string, +Users:string, +Groups:string',
    '+ServiceAccounts:string',
  ),
  cells: (object, nowMs) => [
    object.metadata.name ?? '',
    `${text(object, 'roleRef', 'kind')}/${text(object, 'roleRef', 'name')}`,
    age(object, nowMs),
    subjects(object, 'User'),
    subjects(object, 'Group'),
    subjects(object, 'ServiceAccount'),
  ],
}

/** Roles themselves have no columns of their own: NAME and CREATED AT. */
export const accessPrinters: Printers = {
  'rbac.authorization.k8s.io/RoleBinding': binding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': binding,
}

function subjects(object: KubeObject, kind: string): string {
  return items(object, 'subjects')
    .filter((subject) => subject.kind === kind)
    .map((subject) => {
      const namespace = text(subject, 'namespace')
      return namespace === '' ? text(subject, 'name') : `${namespace}/${text(subject, 'name')}`
    })
    .join(', ')
}
