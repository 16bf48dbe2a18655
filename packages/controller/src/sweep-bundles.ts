import { resources as serving } from '@millrace/api'
import { type Client, type Clock, isKubeError, type KubeObject, type Log, resources, sleep } from '@millrace/kube'
import { globalCaBundle, makesPods } from '@millrace/render'
import type { ClusterWatch } from './cluster-watch.ts'
import { fieldManager } from './field-manager.ts'
import { kindId } from './watched-kinds.ts'

export interface SweepOptions {
  readonly client: Client
  readonly watch: ClusterWatch
  readonly controllerNamespace: string
  /** Whether the configuration names a CA bundle that services are to get. */
  readonly isBundleNamed: () => boolean
  readonly clock: Clock
  readonly log: Log
}

const lookMs = 60_000

/**
 * The copies of the cluster's CA bundle belong to no service, so nothing removes them with one. Looks now and then for those
 * that nobody wants any longer, and removes them. The answer ends it.
 */
export function sweepBundles(options: SweepOptions): () => Promise<void> {
  const { clock, log } = options
  const abort = new AbortController()
  const run = async () => {
    for (;;) {
      await sleep(clock, lookMs, abort.signal)
      if (abort.signal.aborted) return
      for (const namespace of unwantedIn(options)) {
        try {
          await removeOwn(options, namespace, abort.signal)
        } catch (error) {
          if (!isKubeError(error)) throw error
          if (abort.signal.aborted) return
          log.warn('A CA bundle was not removed', { namespace, error: error.message })
        }
      }
    }
  }
  const running = run()
  return async () => {
    abort.abort()
    await running
  }
}

/** Namespaces with a bundle, and without a service that is to get it or pods that are still made with it. */
function unwantedIn({ watch, controllerNamespace, isBundleNamed }: SweepOptions): readonly string[] {
  const bundles = (watch.synced(kindId('', 'ConfigMap'))?.list() ?? []).filter(
    ({ metadata }) => metadata.name === globalCaBundle && metadata.namespace !== controllerNamespace,
  )
  const services = watch.synced(kindId(serving.inferenceServices.group, serving.inferenceServices.kind))
  const deployments = watch.synced(kindId(resources.deployments.group, resources.deployments.kind))
  if (!services || !deployments) return []
  return bundles
    .flatMap(({ metadata: { namespace } }) => namespace ?? [])
    .filter((namespace) => !isBundleNamed() || services.list(namespace).length === 0)
    .filter((namespace) => !deployments.list(namespace).some(mountsBundle))
}

function mountsBundle(object: KubeObject): boolean {
  if (!makesPods(object)) return false
  const { volumes = [] } = Object(Object(Object(object['spec']).template).spec) as { volumes?: readonly object[] }
  return volumes.some((volume) => Object(Reflect.get(volume, 'configMap')).name === globalCaBundle)
}

/** One that somebody else has written to, or that belongs to something, is left alone. */
async function removeOwn({ client, log }: SweepOptions, namespace: string, signal: AbortSignal): Promise<void> {
  const name = { namespace, name: globalCaBundle }
  try {
    const { metadata } = await client.get(resources.configMaps, name, { signal })
    const { uid, resourceVersion, managedFields = [], ownerReferences = [] } = metadata
    const isOwn = managedFields.length > 0 && managedFields.every(({ manager }) => manager === fieldManager)
    if (!isOwn || ownerReferences.length > 0 || metadata.deletionTimestamp !== undefined) return
    const preconditions = {
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    }
    await client.delete(resources.configMaps, name, { preconditions, signal })
    log.info('A CA bundle that nobody wants any longer was removed', { namespace })
  } catch (error) {
    // Gone, or written meanwhile: it is looked at again.
    if (!isKubeError(error, 'NotFound') && !isKubeError(error, 'Conflict')) throw error
  }
}
