import { createHash } from 'node:crypto'
import type { KubeObject } from '@millrace/kube'
import type { Knative } from '../capabilities.ts'
import type { Decision } from '../decision.ts'
import { knativeKeys } from '../keys.ts'
import type { Owner, Workload } from '../plan.ts'
import type { PodTemplate, StringMap } from '../pod/shape.ts'
import { omit } from '../omit.ts'
import { without } from '../service/metadata.ts'
import { child } from './child.ts'
import { hasTags, knativeScale } from './knative-scale.ts'

/** Annotations that Knative reads on the service, not on its revisions. */
const serviceKeys: readonly string[] = [knativeKeys.rolloutDuration, knativeKeys.openshiftPassthrough]
/** What the template was made of without the cluster's part: equal means that nothing of the user's has changed. */
const templateHashKey = 'internal.serving.kserve.io/template-hash'

export interface Revision {
  readonly pod: PodTemplate
  /** Set where the cluster's settings are part of the template: recognises the same template of the user's later. */
  readonly templateHash: string | undefined
  readonly decisions: readonly Decision[]
}

export interface RevisionInput {
  readonly knative: Knative
  readonly labelsDisallowed: readonly string[]
}

/** The template of a workload's next revision. */
export function revisionTemplate(
  workload: Workload,
  owner: Owner,
  input: RevisionInput,
  live: KubeObject | undefined,
): Revision {
  const path = workload.component === 'router' ? 'spec' : `spec.${workload.component}`
  const scale = knativeScale({
    path,
    annotations: workload.annotations,
    deploying: workload.deploying,
    knative: input.knative,
  })
  const annotations = {
    ...without(workload.annotations, [...serviceKeys, knativeKeys.initialScale]),
    ...scale.annotations,
  }
  const pod: PodTemplate = {
    metadata: {
      namespace: owner.namespace,
      labels: without(workload.labels, input.labelsDisallowed),
      annotations,
    },
    spec: workload.pod,
  }
  const hash = templateHash(pod)
  if (live?.metadata.annotations?.[templateHashKey] !== hash && scale.fromCluster.length === 0) {
    return { pod, templateHash: undefined, decisions: scale.decisions }
  }
  const kept = live?.metadata.annotations?.[templateHashKey] === hash ? keptFromCluster(pod, live) : pod
  return { pod: kept, templateHash: hash, decisions: scale.decisions }
}

/** Nothing of the user's has changed since the revision was made: the cluster's part stays as it was then. */
function keptFromCluster(pod: PodTemplate, live: KubeObject): PodTemplate {
  const template: unknown = Object(Object(live['spec']).template)
  const before: unknown = Object(Object(Object(template).metadata).annotations)[knativeKeys.initialScale]
  const annotations = without(pod.metadata.annotations, [knativeKeys.initialScale])
  const kept: StringMap =
    typeof before === 'string' ? { ...annotations, [knativeKeys.initialScale]: before } : annotations
  return { ...pod, metadata: { ...pod.metadata, annotations: kept } }
}

function templateHash(pod: PodTemplate): string {
  const annotations = without(pod.metadata.annotations, [knativeKeys.initialScale])
  const content = { labels: pod.metadata.labels, annotations, spec: pod.spec }
  return createHash('sha256').update(stableJson(content)).digest('hex').slice(0, 16)
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
  revision: Revision,
  input: KnativeServiceInput,
): KubeObject {
  const { owner } = input.plan
  const { timeout, containerConcurrency } = workload.deploying
  const onService = Object.entries(workload.annotations).filter(([key]) => serviceKeys.includes(key))
  const { templateHash: hash } = revision
  const annotations = { ...Object.fromEntries(onService), ...(hash === undefined ? {} : { [templateHashKey]: hash }) }
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
