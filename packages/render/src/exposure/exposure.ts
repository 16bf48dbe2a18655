import type { KubeObject } from '@millrace/kube'
import { clusterLocalVisibility } from '@millrace/api'
import type { Problem } from '../decision.ts'
import { labelKeys } from '../keys.ts'
import { type ComponentName, componentName, predictorName } from '../names.ts'
import type { Plan } from '../plan.ts'
import type { StringMap } from '../pod/shape.ts'
import type { IngressSettings } from '../settings.ts'
import { hostOf } from './domain.ts'

/** One component as the outside sees it. */
export interface Exposed {
  readonly component: ComponentName
  /** Its Service. */
  readonly service: string
  /** Name of its route and of its host; does not change when a canary takes over. */
  readonly route: string
  readonly host: string
  readonly timeout: number | undefined
}

/** How a service in Standard mode is reached. */
export interface Exposure {
  readonly host: string
  readonly components: readonly Exposed[]
  /** Nothing outside the cluster may reach it: by its label, or because the cluster's domain is inside. */
  readonly isInternal: boolean
}

export type ExposureResult =
  | { readonly ok: true; readonly exposure: Exposure }
  | { readonly ok: false; readonly problem: Problem }

export const clusterDomain = 'svc.cluster.local'

export function isInternal(labels: StringMap, ingress: IngressSettings): boolean {
  return labels[labelKeys.visibility] === clusterLocalVisibility || ingress.ingressDomain === clusterDomain
}

export function exposureOf(plan: Plan, ingress: IngressSettings): ExposureResult {
  const { owner } = plan
  const host = hostOf(owner.name, owner, ingress)
  if (!host.ok) return host
  const components: Exposed[] = []
  for (const workload of plan.workloads) {
    if (workload.component === 'router' || workload.canary !== undefined) continue
    const route = componentName(owner.name, workload.component)
    const own = hostOf(route, owner, ingress)
    if (!own.ok) return own
    const { component } = workload
    components.push({ component, service: workload.name, route, host: own.text, timeout: workload.deploying.timeout })
  }
  const order: readonly ComponentName[] = ['predictor', 'transformer', 'explainer']
  components.sort((a, b) => order.indexOf(a.component) - order.indexOf(b.component))
  return { ok: true, exposure: { host: host.text, components, isInternal: isInternal(owner.labels, ingress) } }
}

export function exposed(exposure: Exposure, component: ComponentName): Exposed | undefined {
  return exposure.components.find((candidate) => candidate.component === component)
}

/** Who answers predictions: the transformer where there is one. */
export function entry(exposure: Exposure): Exposed | undefined {
  return exposed(exposure, 'transformer') ?? exposed(exposure, 'predictor')
}

/** Name of the Service that answers predictions. */
export function entryService(plan: Plan): string {
  const transformer = plan.workloads.find((workload) => workload.component === 'transformer')
  return transformer?.name ?? predictorName(plan.owner.name, plan.predictor.name)
}

export function findChild(
  children: readonly KubeObject[],
  group: string,
  kind: string,
  name: string,
): KubeObject | undefined {
  return children.find(
    (object) => object.kind === kind && object.metadata.name === name && groupOf(object.apiVersion) === group,
  )
}

function groupOf(apiVersion: string): string {
  const [group = '', version] = apiVersion.split('/')
  return version === undefined ? '' : group
}
