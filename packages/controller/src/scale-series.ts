import type { KubeObject } from '@millrace/kube'
import type { Decision, RenderResult } from '@millrace/render'

/** One number about the scale of one component, for metrics. */
export interface ScaleSeries {
  readonly metric: 'decided' | 'configured' | 'observed' | 'violation'
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What is known of the scale of our objects: what was decided, and what came of it. */
export interface ScaleTracker {
  /** All numbers of one object. Those of before no longer hold. */
  series(
    service: KubeObject,
    rendered: RenderResult,
    live: { readonly children: readonly KubeObject[]; readonly pods: readonly KubeObject[] },
  ): readonly ScaleSeries[]
  forget(uid: string): void
}

const bounds: Readonly<Record<string, 'initial' | 'min' | 'max'>> = {
  InitialScale: 'initial',
  InitialScaleRaised: 'initial',
  MinScale: 'min',
  MinScaleLowered: 'min',
  MaxScale: 'max',
  MaxScaleOverLimit: 'max',
}

/** A revision on its way: with how many pods it should and did begin. A process that finds it ready has not seen it begin. */
interface Beginning {
  readonly revision: string
  readonly configured: number
  readonly observed: number | undefined
  readonly isReady: boolean
}

export function createScaleTracker(): ScaleTracker {
  const beginnings = new Map<string, Map<string, Beginning>>()
  return {
    series: (service, rendered, live) => {
      const known = beginnings.get(service.metadata.uid ?? '') ?? new Map<string, Beginning>()
      beginnings.set(service.metadata.uid ?? '', known)
      const components = [...new Set(rendered.decisions.flatMap(({ component }) => component ?? []))]
      const { namespace = '', name = '' } = service.metadata
      return components.flatMap((component) => {
        const labels = { kind: service.kind, namespace, name, component }
        const decided = boundsOf(rendered.decisions, component)
        const begun = beginningOf(component, decided, known.get(component), live)
        if (begun) known.set(component, begun)
        return [
          ...decidedSeries(decided, labels),
          ...beginningSeries(begun, labels),
          ...violations(component, decided, live, labels),
        ]
      })
    },
    forget: (uid) => void beginnings.delete(uid),
  }
}

type Bounds = Readonly<Partial<Record<'initial' | 'min' | 'max', Decision>>>

function boundsOf(decisions: readonly Decision[], component: string): Bounds {
  const own = decisions.filter((decision) => decision.component === component)
  return Object.fromEntries(
    own.flatMap((decision) => (bounds[decision.reason] ? [[bounds[decision.reason], decision]] : [])),
  )
}

function decidedSeries(decided: Bounds, labels: ScaleSeries['labels']): readonly ScaleSeries[] {
  return Object.entries(decided).map(([bound, { source, value }]) => ({
    metric: 'decided',
    labels: { ...labels, bound, source },
    value: Number(value),
  }))
}

interface Live {
  readonly children: readonly KubeObject[]
  readonly pods: readonly KubeObject[]
}

function knativeServiceOf(component: string, { children }: Live): KubeObject | undefined {
  return children.find(
    ({ kind, apiVersion, metadata }) =>
      kind === 'Service' &&
      apiVersion.startsWith('serving.knative.dev/') &&
      (component === 'router' || metadata.labels?.['component'] === component),
  )
}

function podsOf(revision: string, { pods }: Live): number {
  return pods.filter(({ metadata, ...pod }) => {
    const { phase } = Object(pod['status'])
    const isOver = metadata.deletionTimestamp !== undefined || phase === 'Succeeded' || phase === 'Failed'
    return metadata.labels?.['serving.knative.dev/revision'] === revision && !isOver
  }).length
}

function beginningOf(
  component: string,
  decided: Bounds,
  before: Beginning | undefined,
  live: Live,
): Beginning | undefined {
  const service = knativeServiceOf(component, live)
  const { latestCreatedRevisionName: revision, latestReadyRevisionName: ready } = Object(service?.['status'])
  if (typeof revision !== 'string') return before
  const isReady = ready === revision
  const pods = podsOf(revision, live)
  if (before?.revision !== revision) {
    // Knative starts no fewer than the least scale.
    const configured = Math.max(Number(decided.initial?.value ?? 0), Number(decided.min?.value ?? 0))
    return { revision, configured, observed: isReady && !before ? undefined : pods, isReady }
  }
  if (before.isReady || before.observed === undefined) return { ...before, isReady: before.isReady || isReady }
  return { ...before, observed: Math.max(before.observed, pods), isReady }
}

function beginningSeries(begun: Beginning | undefined, labels: ScaleSeries['labels']): readonly ScaleSeries[] {
  if (!begun) return []
  const configured: ScaleSeries = { metric: 'configured', labels, value: begun.configured }
  if (begun.observed === undefined || !begun.isReady) return [configured]
  return [configured, { metric: 'observed', labels, value: begun.observed }]
}

function violations(
  component: string,
  { max }: Bounds,
  live: Live,
  labels: ScaleSeries['labels'],
): readonly ScaleSeries[] {
  if (!max) return []
  const { latestReadyRevisionName: revision } = Object(knativeServiceOf(component, live)?.['status'])
  const pods = typeof revision === 'string' ? podsOf(revision, live) : 0
  const most = Number(max.value)
  const isOver = max.reason === 'MaxScaleOverLimit'
  const isExceeded = most > 0 && pods > most
  const series = (reason: string, holds: boolean): ScaleSeries => ({
    metric: 'violation',
    labels: { ...labels, reason },
    value: holds ? 1 : 0,
  })
  return [series('OverLimit', isOver), series('Exceeded', isExceeded)]
}
