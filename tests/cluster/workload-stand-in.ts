import {
  type Client,
  type Informer,
  isKubeError,
  type KubeObject,
  type Resource,
  resources,
  startInformer,
} from '@millrace/kube'
import { products } from './products.ts'

/** Plays the controllers of Deployments and of Knative: whatever is asked for is ready at once. */
export interface WorkloadStandIn {
  /** As long as Knative is installed. */
  followKnative(isInstalled: boolean): Promise<void>
  close(): Promise<void>
}

export function startWorkloadStandIn(client: Client): WorkloadStandIn {
  const follow = (resource: Resource, statusOf: (object: KubeObject) => object): Informer => {
    const informer = startInformer(client, resource)
    informer.onChange(({ type, object }) => {
      const { generation, namespace = '', name = '' } = object.metadata
      if (type === 'deleted' || Object(object['status']).observedGeneration === generation) return
      const status = { observedGeneration: generation, ...statusOf(object) }
      client
        .patch(resource, { namespace, name }, 'merge', { status }, { subresource: 'status' })
        .catch((error: unknown) => {
          // It went while we looked, or the server is away: the next change tells.
          if (!isKubeError(error)) throw error
        })
    })
    return informer
  }
  const deployments = follow(resources.deployments, readyDeployment)
  const [knativeService] = products.knative
  let knative: Informer | undefined
  return {
    followKnative: async (isInstalled) => {
      await knative?.stop()
      knative = isInstalled && knativeService ? follow(knativeService, readyKnativeService) : undefined
    },
    close: async () => {
      await Promise.all([deployments.stop(), knative?.stop()])
    },
  }
}

const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`

function readyDeployment(object: KubeObject): object {
  const replicas = Number(Object(object['spec']).replicas ?? 1)
  const conditions = [
    { type: 'Available', reason: 'MinimumReplicasAvailable' },
    { type: 'Progressing', reason: 'NewReplicaSetAvailable' },
  ].map((one) => ({ ...one, status: 'True', message: '', lastTransitionTime: now(), lastUpdateTime: now() }))
  const counts = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas }
  return { ...counts, conditions }
}

function readyKnativeService(object: KubeObject): object {
  const { name = '', namespace = '', generation } = object.metadata
  const conditions = ['Ready', 'ConfigurationsReady', 'RoutesReady'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: now(),
  }))
  const revision = `${name}-${String(generation).padStart(5, '0')}`
  return {
    conditions,
    url: `http://${name}.${namespace}.example.com`,
    latestCreatedRevisionName: revision,
    latestReadyRevisionName: revision,
    traffic: [{ revisionName: revision, latestRevision: true, percent: 100 }],
  }
}
