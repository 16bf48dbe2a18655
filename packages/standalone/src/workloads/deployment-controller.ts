import { isDeepStrictEqual } from 'node:util'
import { type Client, type Informer, isKubeError, type KubeObject, type ObjectName, resources } from '@millrace/kube'
import { controllerOf, type Deployment, type Pod, type ReplicaSet } from './apps.ts'
import { confirmCopy } from './confirm-copy.ts'
import { type DeploymentPlan, planDeployment } from './deployment-plan.ts'

export interface DeploymentWorld {
  readonly client: Client
  readonly deployments: Informer<Deployment>
  /** Indexed by `owner`: the uid of the controlling object. */
  readonly replicaSets: Informer<ReplicaSet>
  /** Indexed by `owner`. */
  readonly pods: Informer<Pod>
  readonly now: () => Date
}

/** Carries out one plan. Resolves to when to look again, if time alone may change something. */
export async function reconcileDeployment(
  world: DeploymentWorld,
  name: ObjectName,
): Promise<{ readonly againMs?: number }> {
  const deployment = world.deployments.get(name)
  if (!deployment || deployment.metadata.deletionTimestamp !== undefined) return {}
  const replicaSets = world.replicaSets.by('owner', deployment.metadata.uid ?? '')
  const plan = planDeployment({
    deployment,
    replicaSets,
    oldPodCount: countOldPods(world, deployment, replicaSets),
    now: world.now(),
  })
  await execute(world, deployment, replicaSets, plan)
  return plan.checkAgainMs === undefined ? {} : { againMs: plan.checkAgainMs }
}

/** Pods of sets with another template than the Deployment's; the label hash tells them apart once a current set exists. */
function countOldPods(world: DeploymentWorld, deployment: Deployment, replicaSets: readonly ReplicaSet[]): number {
  const old = replicaSets.filter((set) => !isDeepStrictEqual(set.spec.template.spec, deployment.spec.template.spec))
  return old.reduce(
    (sum, set) =>
      sum +
      world.pods
        .by('owner', set.metadata.uid ?? '')
        .filter((pod) => pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed').length,
    0,
  )
}

async function execute(
  world: DeploymentWorld,
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
  plan: DeploymentPlan,
): Promise<void> {
  const { client } = world
  const place = (name: string): ObjectName => ({ namespace: deployment.metadata.namespace ?? '', name })
  if (plan.create) {
    // It had a set for this very spec, and that is gone: it may be gone itself, and the garbage collector at work.
    const isSettled = deployment.status?.observedGeneration === deployment.metadata.generation
    if (isSettled && !(await confirmCopy(client, world.deployments, deployment))) return
    try {
      world.replicaSets.remember(await client.create(resources.replicaSets, plan.create))
    } catch (error) {
      // Our cache may not show a set that we made a moment ago; one that someone else owns is a conflict to be seen.
      if (!isKubeError(error, 'AlreadyExists')) throw error
      const existing = await client.get<ReplicaSet>(resources.replicaSets, place(plan.create.metadata.name ?? ''))
      if (controllerOf(existing)?.uid !== deployment.metadata.uid) throw error
      world.replicaSets.remember(existing)
    }
  }
  for (const { kind, name, annotations } of plan.annotate) {
    const body = { metadata: { annotations } }
    if (kind === 'Deployment')
      world.deployments.remember(await client.patch<Deployment>(resources.deployments, place(name), 'merge', body))
    else world.replicaSets.remember(await client.patch<ReplicaSet>(resources.replicaSets, place(name), 'merge', body))
  }
  for (const { name, replicas } of plan.scale) {
    const seen = replicaSets.find((set) => set.metadata.name === name)
    // The version that the plan was made from: a plan from a stale copy is refused, and made anew from the fresh one.
    const resourceVersion =
      world.replicaSets.get(place(name))?.metadata.resourceVersion ?? seen?.metadata.resourceVersion
    const body = { metadata: { resourceVersion }, spec: { replicas } }
    world.replicaSets.remember(await client.patch<ReplicaSet>(resources.replicaSets, place(name), 'merge', body))
  }
  for (const name of plan.remove) await deleteIfThere(client, name, place)
  await writeStatus(world, deployment, plan)
}

async function deleteIfThere(client: Client, name: string, place: (name: string) => ObjectName): Promise<void> {
  try {
    await client.delete(resources.replicaSets, place(name), { propagationPolicy: 'Background' })
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error
  }
}

async function writeStatus(world: DeploymentWorld, deployment: Deployment, plan: DeploymentPlan): Promise<void> {
  const { namespace = '', name = '', uid } = deployment.metadata
  const live = world.deployments.get({ namespace, name })
  // Deleted and made anew since the plan was made: what was found of the earlier one says nothing of this one.
  if (!live || live.metadata.uid !== uid || isDeepStrictEqual(live.status, plan.status)) return
  const next: KubeObject & Deployment = { ...live, status: plan.status }
  world.deployments.remember(await world.client.replace(resources.deployments, next, { subresource: 'status' }))
}
