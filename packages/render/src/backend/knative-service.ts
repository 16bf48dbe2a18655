import type { KubeObject } from '@millrace/kube'
import { knativeKeys, userKeys } from '../keys.ts'
import type { Owner, Workload } from '../plan.ts'
import type { PodTemplate, StringMap } from '../pod/shape.ts'
import { omit } from '../omit.ts'
import { without } from '../service/metadata.ts'
import { child } from './child.ts'
import { scaleAskedKey, type WrittenScale } from './kept-scale.ts'
import { knativePod } from './knative-pod.ts'

/** Annotations that Knative reads on the service, not on its revisions. */
const serviceKeys: readonly string[] = [knativeKeys.rolloutDuration, knativeKeys.openshiftPassthrough]
/** Annotations that are decided, not passed on. */
const decidedKeys: readonly string[] = [knativeKeys.minScale, knativeKeys.maxScale, knativeKeys.initialScale]
const podAutoscaler = 'kpa.autoscaling.knative.dev'

/** The template of a workload's next revision, as far as the plan goes. */
export function revisionTemplate(
  workload: Workload,
  owner: Owner,
  scale: StringMap,
  labelsDisallowed: readonly string[],
): PodTemplate {
  const { scaleTarget, scaleMetric } = workload.deploying
  const given = workload.annotations
  const annotations = {
    ...without(given, [...serviceKeys, ...decidedKeys]),
    [knativeKeys.autoscalerClass]: given[knativeKeys.autoscalerClass] ?? podAutoscaler,
    ...(scaleTarget === undefined ? {} : { [knativeKeys.target]: String(scaleTarget) }),
    ...(scaleMetric === undefined ? {} : { [knativeKeys.metric]: scaleMetric }),
    ...scale,
  }
  const labels = without(workload.labels, labelsDisallowed)
  return { metadata: { namespace: owner.namespace, labels, annotations }, spec: knativePod(workload.pod) }
}

/** JSON with keys in order, so that equal values give equal texts. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

export interface KnativeServiceInput {
  readonly plan: { readonly owner: Owner }
  /** The InferenceService or InferenceGraph as it is in the cluster, with its status. */
  readonly service: KubeObject
}

export function knativeService(
  workload: Workload,
  pod: PodTemplate,
  scale: WrittenScale,
  input: KnativeServiceInput,
): KubeObject {
  const { owner } = input.plan
  const { timeout, containerConcurrency } = workload.deploying
  const onService = Object.entries(workload.annotations).filter(([key]) => serviceKeys.includes(key))
  const asked = scale.asked === undefined ? {} : { [scaleAskedKey]: scale.asked }
  const annotations = { ...Object.fromEntries(onService), ...asked }
  const isRouter = workload.component === 'router'
  return child(
    owner,
    'serving.knative.dev/v1',
    'Service',
    { name: workload.name, labels: isRouter ? owner.labels : workload.labels, annotations },
    {
      spec: {
        template: {
          metadata: { labels: pod.metadata.labels, annotations: pod.metadata.annotations },
          spec: {
            ...(isRouter ? unnamed(pod.spec) : pod.spec),
            ...(timeout === undefined
              ? {}
              : { timeoutSeconds: timeout, ...(isRouter ? {} : { responseStartTimeoutSeconds: timeout }) }),
            ...(containerConcurrency === undefined ? {} : { containerConcurrency }),
          },
        },
        ...(isRouter ? {} : { traffic: traffic(workload, input.service) }),
      },
    },
  )
}

/** A single container of a revision is named by Knative. */
function unnamed(spec: PodTemplate['spec']): object {
  return { ...spec, containers: spec.containers.map((container) => omit(container, 'name')) }
}

/** The newest revision gets its share, the one last rolled out in full gets the rest. Before the first rollout: everything. */
function traffic(workload: Workload, service: KubeObject): object[] {
  const tag = hasTags(workload.annotations) ? { tag: 'latest' } : {}
  const percent = workload.deploying.canaryTrafficPercent
  const components: unknown = Object(service['status']).components
  const previous: unknown = Object(Object(components)[workload.component]).latestRolledoutRevision
  if (percent === undefined || typeof previous !== 'string' || previous === '') {
    return [{ latestRevision: true, percent: 100, ...tag }]
  }
  const latest = { latestRevision: true, percent, ...tag }
  if (percent >= 100) return [latest]
  return [latest, { revisionName: previous, latestRevision: false, percent: 100 - percent, tag: 'prev' }]
}

/** Whether revisions can be called by tags of their own. */
function hasTags(annotations: StringMap): boolean {
  return annotations[userKeys.enableTagRouting] === 'true'
}
