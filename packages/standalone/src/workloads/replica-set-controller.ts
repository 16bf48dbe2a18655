import { isDeepStrictEqual } from 'node:util'
import { type Client, type Informer, isKubeError, type ObjectName, resources } from '@millrace/kube'
import type { Pod, ReplicaSet } from './apps.ts'
import { confirmCopy } from './confirm-copy.ts'
import { planReplicaSet } from './replica-set-plan.ts'

export interface ReplicaSetWorld {
  readonly client: Client
  readonly replicaSets: Informer<ReplicaSet>
  /** Indexed by `owner`: the uid of the controlling object. */
  readonly pods: Informer<Pod>
  readonly now: () => Date
  /** Pods whose deletion was asked for and that the copy may still show as running; by uid, with when it was asked. */
  readonly asked: Map<string, number>
}

/** A deletion that the watch does not confirm by then is asked for again. */
const askedForMs = 30_000

export async function reconcileReplicaSet(
  world: ReplicaSetWorld,
  name: ObjectName,
): Promise<{ readonly againMs?: number }> {
  const replicaSet = world.replicaSets.get(name)
  if (!replicaSet || replicaSet.metadata.deletionTimestamp !== undefined) return {}
  const nowMs = world.now().getTime()
  for (const [uid, atMs] of world.asked) if (nowMs - atMs > askedForMs) world.asked.delete(uid)
  const livePods = (): readonly Pod[] =>
    world.pods.by('owner', replicaSet.metadata.uid ?? '').filter((pod) => !world.asked.has(pod.metadata.uid ?? ''))
  const plan = planReplicaSet({ replicaSet, pods: livePods(), now: world.now() })
  // It had its pods, and some are gone: it may be gone itself, and the garbage collector at work.
  const hadPods = (replicaSet.status?.replicas ?? 0) >= (replicaSet.spec.replicas ?? 1)
  if (plan.create > 0 && hadPods && !(await confirmCopy(world.client, world.replicaSets, replicaSet))) return {}
  const createFailure = await createPods(world, replicaSet, plan.create)
  await removePods(world, replicaSet, plan.remove)
  const { status, checkAgainMs } = planReplicaSet({
    replicaSet,
    pods: livePods(),
    now: world.now(),
    ...(createFailure === undefined ? {} : { createFailure: createFailure.message }),
  })
  const live = world.replicaSets.get(name)
  if (live && !isDeepStrictEqual(live.status, status)) {
    world.replicaSets.remember(
      await world.client.replace<ReplicaSet>(resources.replicaSets, { ...live, status }, { subresource: 'status' }),
    )
  }
  if (createFailure) throw createFailure
  return checkAgainMs === undefined ? {} : { againMs: checkAgainMs }
}

/** Creates pods one after another; the first refusal ends it, since the next would be refused alike. */
async function createPods(world: ReplicaSetWorld, replicaSet: ReplicaSet, count: number): Promise<Error | undefined> {
  const { metadata, spec } = replicaSet
  for (let index = 0; index < count; index++) {
    try {
      const pod = await world.client.create<Pod>(resources.pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          generateName: `${(metadata.name ?? '').slice(0, 57)}-`,
          ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
          ...(spec.template.metadata?.labels === undefined ? {} : { labels: spec.template.metadata.labels }),
          ...(spec.template.metadata?.annotations === undefined
            ? {}
            : { annotations: spec.template.metadata.annotations }),
          ownerReferences: [
            {
              apiVersion: 'apps/v1',
              kind: 'ReplicaSet',
              name: metadata.name ?? '',
              uid: metadata.uid ?? '',
              controller: true,
              blockOwnerDeletion: true,
            },
          ],
        },
        // The template's spec is a PodSpec that the API server has validated.
        spec: spec.template.spec as Pod['spec'],
      })
      world.pods.remember(pod)
    } catch (error) {
      // A namespace on its way out takes no new pods, and this set goes with it.
      if (isKubeError(error, 'Forbidden') && error.message.includes('being terminated')) return undefined
      if (isKubeError(error)) return error
      throw error
    }
  }
  return undefined
}

async function removePods(world: ReplicaSetWorld, replicaSet: ReplicaSet, names: readonly string[]): Promise<void> {
  const namespace = replicaSet.metadata.namespace ?? ''
  for (const name of names) {
    const uid = world.pods.get({ namespace, name })?.metadata.uid
    try {
      await world.client.delete(
        resources.pods,
        { namespace, name },
        uid === undefined ? {} : { preconditions: { uid } },
      )
    } catch (error) {
      if (!isKubeError(error, 'NotFound') && !isKubeError(error, 'Conflict')) throw error
    }
    if (uid !== undefined) world.asked.set(uid, world.now().getTime())
  }
}
