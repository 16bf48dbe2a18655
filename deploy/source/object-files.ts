import { controllerObjects, podDisruptionBudget } from './controller-objects.ts'
import { rightsObjects, userRoles } from './rights-objects.ts'
import { configuration, namespaceObject, runtimes, storageContainers } from './shipped-objects.ts'
import { type Node, resolveAll } from './slot.ts'
import type { Json } from './json.ts'
import type { Values } from './values.ts'
import { certificateObjects, podWebhookConfiguration, webhookConfiguration } from './webhook-objects.ts'

/** Objects that stand in one file: a template of the chart, and where they are always there a resource of the base. */
export interface ObjectFile {
  readonly name: string
  readonly objects: readonly Node[]
  /** Absent: always. A component in Kustomize, a condition in the chart. */
  readonly option?: {
    readonly component: string
    /** Helm condition. */
    readonly test: string
    readonly holds: (values: Values) => boolean
  }
}

/** In the order in which they are to be applied, after the CRDs. */
export const objectFiles: readonly ObjectFile[] = [
  { name: 'namespace', objects: [namespaceObject] },
  { name: 'rights', objects: rightsObjects },
  {
    name: 'user-roles',
    objects: userRoles,
    option: {
      component: 'user-roles',
      test: '$.Values.userRoles.enabled',
      holds: (values) => values.userRoles.enabled,
    },
  },
  { name: 'configuration', objects: [configuration] },
  {
    name: 'certificate',
    objects: certificateObjects,
    option: {
      component: 'cert-manager',
      test: '$.Values.certManager.enabled',
      holds: (values) => values.certManager.enabled,
    },
  },
  { name: 'controller', objects: controllerObjects },
  {
    name: 'pod-disruption-budget',
    objects: [podDisruptionBudget],
    option: {
      component: 'pod-disruption-budget',
      test: '$.Values.podDisruptionBudget.enabled',
      holds: (values) => values.podDisruptionBudget.enabled,
    },
  },
  {
    name: 'runtimes',
    objects: runtimes,
    option: { component: 'runtimes', test: '$.Values.runtimes.enabled', holds: (values) => values.runtimes.enabled },
  },
  {
    name: 'storage-containers',
    objects: storageContainers,
    option: {
      component: 'storage-containers',
      test: '$.Values.storageContainers.enabled',
      holds: (values) => values.storageContainers.enabled,
    },
  },
  { name: 'webhook', objects: [webhookConfiguration, podWebhookConfiguration] },
]

export type PlainObject = { readonly [key: string]: Json }

/** The file's objects with these values. */
export function plainObjects({ objects, option }: ObjectFile, values: Values): readonly PlainObject[] {
  if (option && !option.holds(values)) return []
  return objects.flatMap((node) => resolveAll(node, values) as readonly PlainObject[])
}
