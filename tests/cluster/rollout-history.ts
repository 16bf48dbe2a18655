import { resources as serving } from '@millrace/api'
import { type Client, type Informer, type KubeObject, type Resource, resources, startInformer } from '@millrace/kube'
import type { Condition } from './services.ts'

/** How things stood at one version of the cluster, by names of services. */
export interface Moment {
  readonly atMs: number
  /** Whose status says that a change is being rolled out. */
  readonly marked: readonly string[]
  /** Whose Deployment does not have all its pods as its newest template says, by its own status. */
  readonly rolling: readonly string[]
  /** What their pods are to begin with. */
  readonly images: Readonly<Record<string, string>>
}

/** Every version of every Deployment and InferenceService of a namespace, in the order in which the API server took them. */
export interface RolloutHistory {
  /** From the given number of versions on. */
  moments(since?: number): readonly Moment[]
  /** How many versions there are by now. */
  readonly length: number
  close(): Promise<void>
}

interface Version {
  readonly atMs: number
  /** Of the whole cluster, which has one store. */
  readonly revision: number
  readonly object: KubeObject
}

export const changeRolledOut = 'ChangeRolledOut'

export async function startRolloutHistory(client: Client): Promise<RolloutHistory> {
  const versions: Version[] = []
  const follow = (resource: Resource): Informer => {
    const informer = startInformer(client, resource, { namespace: 'default' })
    informer.onChange(({ object }) => {
      versions.push({ atMs: performance.now(), revision: Number(object.metadata.resourceVersion), object })
    })
    return informer
  }
  const informers = [follow(resources.deployments), follow(serving.inferenceServices)]
  await Promise.all(informers.map(({ synced }) => synced))
  return {
    get length() {
      return versions.length
    },
    moments: (since = 0) => {
      const state = { marked: new Set<string>(), rolling: new Set<string>(), images: new Map<string, string>() }
      const inOrder = versions.toSorted((a, b) => a.revision - b.revision)
      const first = Math.min(...versions.slice(since).map(({ revision }) => revision))
      return inOrder.flatMap(({ atMs, revision, object }) => {
        take(state, object)
        const { marked, rolling, images } = state
        if (revision < first) return []
        return [{ atMs, marked: [...marked], rolling: [...rolling], images: Object.fromEntries(images) }]
      })
    },
    close: async () => void (await Promise.all(informers.map((informer) => informer.stop()))),
  }
}

function take(
  state: { readonly marked: Set<string>; readonly rolling: Set<string>; readonly images: Map<string, string> },
  object: KubeObject,
): void {
  const { name = '' } = object.metadata
  if (object.kind === 'InferenceService') {
    const conditions: readonly Condition[] = Object(object['status']).conditions ?? []
    return keep(
      state.marked,
      name,
      conditions.some(({ type }) => type === changeRolledOut),
    )
  }
  const service = name.replace(/-predictor$/, '')
  keep(state.rolling, service, !isRolledOut(object))
  state.images.set(service, Object(object['spec']).template.spec.initContainers[0].image)
}

function keep(set: Set<string>, name: string, isIn: boolean): void {
  if (isIn) set.add(name)
  else set.delete(name)
}

/** As `kubectl rollout status` has it. */
function isRolledOut({ metadata: { generation }, spec, status }: KubeObject): boolean {
  const { observedGeneration, replicas, updatedReplicas, availableReplicas } = Object(status)
  const wanted = Object(spec).replicas ?? 1
  return [
    observedGeneration === generation,
    replicas === wanted,
    updatedReplicas === wanted,
    availableReplicas === wanted,
  ].every(Boolean)
}
