import { isDeepStrictEqual } from 'node:util'
import type { ClusterConfig } from '@millrace/api'
import { type AdmissionAnswer, type AdmissionRequest, type KubeObject, sleep, type Clock } from '@millrace/kube'
import { completePod, podReads, podSettings, type PodTemplate, worldOf } from '@millrace/render'
import { type GatherSources, gatherAll } from './gather.ts'

export interface CompletePodsContext {
  readonly sources: GatherSources
  readonly config: () => ClusterConfig
  readonly controllerNamespace: string
  /** The service that a pod belongs to, as far as it is known. */
  readonly service: (namespace: string, name: string) => KubeObject | undefined
  /** Resolves when what pods need is known. */
  readonly started: Promise<void>
  readonly clock: Clock
}

/** The API server waits ten seconds for us. */
const waitMsMax = 4_000
const gatherMsMax = 4_000

/** Labels of the pods that Knative makes of our revisions: these we finish, since Knative takes no init containers. */
export const completedPodLabels = ['serving.kserve.io/inferenceservice', 'serving.knative.dev/revision'] as const

/**
 * Finishes a pod with the renderer's own function, so that it is what Standard mode would have made. What cannot be finished is
 * refused with the reason, which its ReplicaSet and revision then tell: half a pod would serve without a model.
 */
export async function completePods(
  context: CompletePodsContext,
  { object, namespace = '', operation }: AdmissionRequest,
): Promise<AdmissionAnswer> {
  if (!object || operation !== 'CREATE') return { allowed: true }
  const labels = object.metadata.labels ?? {}
  if (completedPodLabels.some((label) => !(label in labels))) return { allowed: true }
  if (!(await isStarted(context))) {
    const message = 'The controller is still reading the state of the cluster: the pod is tried again by itself.'
    return { allowed: false, code: 503, reason: 'ServiceUnavailable', message }
  }
  const config = context.config()
  const { controllerNamespace } = context
  const pod = templateOf(object, namespace)
  const settings = podSettings({ deploying: componentOf(context, pod) }, config)
  const { world } = await gatherAll(
    context.sources,
    (known) => podReads({ pod, settings, world: known }),
    AbortSignal.timeout(gatherMsMax),
  )
  const completed = completePod({ pod, settings, world: worldOf(world), controllerNamespace })
  if (!completed.ok) return { allowed: false, code: 422, reason: 'Invalid', message: completed.problem.message }
  return { allowed: true, patch: patchOf(pod, completed.pod, object) }
}

async function isStarted({ started, clock }: CompletePodsContext): Promise<boolean> {
  const abort = new AbortController()
  try {
    return await Promise.race([started.then(() => true), sleep(clock, waitMsMax, abort.signal).then(() => false)])
  } finally {
    abort.abort()
  }
}

function templateOf({ metadata, spec }: KubeObject, namespace: string): PodTemplate {
  const { labels = {}, annotations = {} } = metadata
  return { metadata: { namespace, labels, annotations }, spec: spec as PodTemplate['spec'] }
}

/** The component's own words about logging. A pod of an older revision gets the present ones. */
function componentOf(context: CompletePodsContext, pod: PodTemplate): Parameters<typeof podSettings>[0]['deploying'] {
  const { namespace, labels } = pod.metadata
  const service = context.service(namespace, labels['serving.kserve.io/inferenceservice'] ?? '')
  const component: unknown = Object(service?.['spec'])[labels['component'] ?? '']
  return Object(component)
}

/** JSON patch, field by field, so that what another webhook adds elsewhere stays. */
function patchOf(before: PodTemplate, after: PodTemplate, object: KubeObject): readonly unknown[] {
  const operations: unknown[] = []
  const place = (path: string, was: unknown, is: unknown) => {
    if (isDeepStrictEqual(was, is)) return
    if (is === undefined) operations.push({ op: 'remove', path })
    else operations.push({ op: was === undefined ? 'add' : 'replace', path, value: is })
  }
  for (const field of ['labels', 'annotations'] as const)
    place(`/metadata/${field}`, object.metadata[field], plain(after.metadata[field], object.metadata[field]))
  for (const field of new Set([...Object.keys(before.spec), ...Object.keys(after.spec)]))
    place(`/spec/${field}`, Reflect.get(before.spec, field), Reflect.get(after.spec, field))
  return operations
}

/** An empty map that was not there is not added. */
function plain(map: Readonly<Record<string, string>>, was: unknown): unknown {
  return was === undefined && Object.keys(map).length === 0 ? undefined : map
}
