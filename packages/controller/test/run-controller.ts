import { resources as serving } from '@millrace/api'
import { type Client, type KubeObject, type Log, type Resource, resources } from '@millrace/kube'
import { childKinds } from '@millrace/render'
import { createVirtualClock, type VirtualClock } from '@millrace/testkit'
import { type Controller, type ControllerOptions, startController } from '../src/index.ts'
import type { MemoryCluster } from './memory-cluster.ts'

export interface Running {
  readonly controller: Controller
  readonly clock: VirtualClock
  readonly lines: string[]
  /** Lets time pass: retries, debounces. */
  settle(ms?: number): Promise<void>
  close(): Promise<void>
}

/** A controller in virtual time; what it logs is kept. */
export async function runController(
  cluster: MemoryCluster,
  options: Partial<ControllerOptions> = {},
  client: Client = cluster.client,
): Promise<Running> {
  const clock = createVirtualClock()
  const lines: string[] = []
  const write = (level: string) => (message: string, fields?: object) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`)
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  const controller = await startController({ client, clock, random: () => 0, log, ...options })
  const settle = (ms = 2_000) => clock.advance(ms)
  await settle()
  return {
    controller,
    clock,
    lines,
    settle,
    close: async () => {
      const closing = controller.close()
      await clock.advance(5_000)
      await closing
    },
  }
}

export function service(name: string, predictor: object = {}, annotations: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { namespace: 'default', name, annotations },
    spec: {
      predictor: {
        model: { modelFormat: { name: 'sklearn' }, storageUri: 'https://models.example/iris.joblib' },
        ...predictor,
      },
    },
  }
}

export interface Condition {
  readonly type: string
  readonly status?: string
  readonly reason?: string
  readonly message?: string
}

export function condition(object: KubeObject | undefined, type: string): Condition | undefined {
  const conditions = Object(object?.['status']).conditions as readonly Condition[] | undefined
  return conditions?.find((one) => one.type === type)
}

export function statusOf(cluster: MemoryCluster, name: string): KubeObject | undefined {
  return cluster.get(serving.inferenceServices, 'default', name)
}

/** Everything that was made, without what every run makes anew. */
export function outcome(cluster: MemoryCluster): unknown {
  const plain = (object: KubeObject) => {
    const {
      uid: _u,
      resourceVersion: _r,
      generation: _g,
      creationTimestamp: _c,
      managedFields: _m,
      ownerReferences = [],
      ...metadata
    } = object.metadata
    return { ...object, metadata: { ...metadata, owners: ownerReferences.map(({ kind, name }) => `${kind} ${name}`) } }
  }
  const place = (resource: Resource) => cluster.all(resource).map(plain)
  const text = JSON.stringify([
    ...childKinds.filter(({ kind }) => kind !== 'ConfigMap').map(place),
    place(serving.inferenceServices),
    place(serving.inferenceGraphs),
  ])
  return JSON.parse(text.replaceAll(/"lastTransitionTime":"[^"]*"/g, '"lastTransitionTime":""'))
}

/** Plays the Deployment controller: Deployments, or those of the named services, get what they ask for. */
export function makeDeploymentsReady(cluster: MemoryCluster, services?: readonly string[]): void {
  const isMeant = (name = '') => !services || services.includes(name.replace(/-predictor$/, ''))
  for (const deployment of cluster.all(resources.deployments).filter(({ metadata }) => isMeant(metadata.name))) {
    const replicas = Number(Object(deployment['spec']).replicas ?? 1)
    const conditions = ['Available', 'Progressing'].map((type) => ({
      type,
      status: 'True',
      reason: type === 'Progressing' ? 'NewReplicaSetAvailable' : 'MinimumReplicasAvailable',
    }))
    const status = {
      observedGeneration: deployment.metadata.generation,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
      conditions,
    }
    cluster.put(resources.deployments, { ...deployment, status })
  }
}
