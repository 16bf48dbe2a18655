import { type ClusterConfig, configMapName, group, kinds, parseConfig } from '@millrace/api'
import { type Client, discover, type Discovery, type KubeObject, type Resource, resources } from '@millrace/kube'
import { controllerNamespace } from '../platform/bootstrap.ts'
import { find } from '../wait.ts'
import { type Reference, referencedNames } from './referenced-names.ts'

export interface Backup {
  /** In the order in which they are restored: what is named before what names it. */
  readonly objects: readonly KubeObject[]
  /** What is named and does not exist. */
  readonly missing: readonly Reference[]
}

const core: Readonly<Record<Reference['kind'], Resource>> = {
  Secret: resources.secrets,
  ConfigMap: resources.configMaps,
  ServiceAccount: resources.serviceAccounts,
}

/** Kinds of ours that others name come first. */
const order = [
  'ClusterStorageContainer',
  'LocalModelNodeGroup',
  'LocalModelCache',
  'LocalModelNamespaceCache',
  'ClusterServingRuntime',
  'ServingRuntime',
  'InferenceService',
  'TrainedModel',
  'InferenceGraph',
  'LocalModelNode',
]

/** All our objects, and the Secrets, ConfigMaps and ServiceAccounts that they name, without what a server sets itself. */
export async function readBackup(
  client: Client,
  namespaces: readonly string[] | undefined,
  onRead: (kind: string, count: number) => void,
): Promise<Backup> {
  const own = await readOwn(client, await discover(client), namespaces, onRead)
  const config: (KubeObject & { data?: Record<string, string> }) | undefined = await find(
    client,
    resources.configMaps,
    { namespace: controllerNamespace, name: configMapName },
  )
  const settings: ClusterConfig = parseConfig(config?.data).config
  const storageSecret = settings.credentials.storageSpecSecretName ?? 'storage-config'
  const named = new Map<string, KubeObject>()
  const missing: Reference[] = []
  const open = own.flatMap((object) => referencedNames(object, storageSecret))
  for (let next = open.pop(); next; next = open.pop()) {
    const key = `${next.kind}/${next.namespace}/${next.name}`
    if (named.has(key) || missing.some((each) => `${each.kind}/${each.namespace}/${each.name}` === key)) continue
    const object = await find(client, core[next.kind], next)
    if (!object) missing.push(next)
    else {
      named.set(key, object)
      // A ServiceAccount names Secrets in turn.
      open.push(...referencedNames(object, storageSecret))
    }
  }
  onRead('Secret, ConfigMap, ServiceAccount', named.size)
  const others = [...(config && namespaces === undefined ? [config] : []), ...named.values()]
  return { objects: [...others, ...own].map(withoutServerFields), missing }
}

async function readOwn(
  client: Client,
  discovery: Discovery,
  namespaces: readonly string[] | undefined,
  onRead: (kind: string, count: number) => void,
): Promise<readonly KubeObject[]> {
  const objects: KubeObject[] = []
  for (const kind of [...kinds].sort((left, right) => order.indexOf(left.kind) - order.indexOf(right.kind))) {
    // In the stored version: one in preview may not be served where this is restored.
    const stored = kind.versions.find(({ storage }) => storage)
    const served = discovery.ofKind(`${group}/${stored?.name}`, kind.kind)
    if (!served) continue
    const { items } = await client.list(served)
    const wanted = items.filter(
      (item) =>
        namespaces === undefined ||
        (item.metadata.namespace !== undefined && namespaces.includes(item.metadata.namespace)),
    )
    objects.push(...wanted.filter((item) => item.metadata.deletionTimestamp === undefined))
    onRead(kind.kind, wanted.length)
  }
  return objects
}

/** Owners keep their names: their uids are found anew when they are restored. */
export function withoutServerFields(object: KubeObject): KubeObject {
  const { name, namespace, labels, annotations, finalizers, ownerReferences } = object.metadata
  return {
    ...object,
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ...(ownerReferences ? { ownerReferences } : {}),
    },
  }
}
