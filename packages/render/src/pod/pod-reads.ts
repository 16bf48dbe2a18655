import { secretNames } from '../credentials/service-account-credentials.ts'
import { storageSecretName } from '../credentials/storage-config.ts'
import type { Gathered, Read } from '../gathered.ts'
import { internalKeys } from '../keys.ts'
import { worldOf } from '../world.ts'
import type { CompletePodInput } from './complete-pod.ts'

export type PodReadsInput = Pick<CompletePodInput, 'pod' | 'settings'> & { readonly world: Gathered }

/** What is to be gathered before a pod is completed. As with `reads`: call it again with the grown world. */
export function podReads({ pod, settings, world: gathered }: PodReadsInput): readonly Read[] {
  const { namespace, annotations } = pod.metadata
  const world = worldOf(gathered)
  const store = settings.logger.storage
  const accounts = new Set([
    pod.spec.serviceAccountName || 'default',
    ...(store ? [store.serviceAccountName || 'logger-sa'] : []),
  ])
  const secrets = [...accounts].flatMap((name) => {
    const account = world.find('ServiceAccount', name, namespace)
    return account ? secretNames(account, annotations, settings.credentials) : []
  })
  if (annotations[internalKeys.storageSpec] === 'true')
    secrets.push(storageSecretName(annotations, settings.credentials))
  return [
    { group: 'serving.kserve.io', kind: 'ClusterStorageContainer' },
    ...[...accounts].map((name) => ({ group: '', kind: 'ServiceAccount', namespace, name })),
    ...[...new Set(secrets)].map((name) => ({ group: '', kind: 'Secret', namespace, name })),
  ]
}
