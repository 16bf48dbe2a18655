import type { EventRecorder, KubeObject } from '@millrace/kube'
import { createDependencyIndex, type DependencyIndex } from './dependency-index.ts'
import type { Metrics } from './metrics.ts'
import { createNews, type News } from './news.ts'
import { createRefusals, type Refusals } from './refusals.ts'
import { createScaleTracker, type ScaleTracker } from './scale-series.ts'
import { createSettingsUse, type SettingsUse } from './settings-use.ts'

/** What is remembered of each service from one run to the next. Nothing of it has to last: a new process learns it anew. */
export interface ServiceMemory {
  readonly dependencies: DependencyIndex
  readonly settingsUse: SettingsUse
  readonly news: News
  readonly scales: ScaleTracker
  readonly refusals: Refusals
  /** Services whose copy may be old: the server is asked before anything is made for them. */
  readonly doubts: Set<string>
  /** Services whose pods are replaced without a turn. */
  readonly urgent: Set<string>
  /** The service is gone. */
  forget(key: string, service: KubeObject): void
}

export function createServiceMemory(recorder: EventRecorder, metrics: Metrics): ServiceMemory {
  const memory = {
    dependencies: createDependencyIndex(),
    settingsUse: createSettingsUse(),
    news: createNews(recorder),
    scales: createScaleTracker(),
    refusals: createRefusals(),
    doubts: new Set<string>(),
    urgent: new Set<string>(),
  }
  return {
    ...memory,
    forget: (key, { metadata: { uid = '' } }) => {
      memory.dependencies.delete(key)
      memory.settingsUse.forget(key)
      memory.urgent.delete(key)
      memory.doubts.delete(key)
      memory.refusals.forget(key)
      memory.news.forget(uid)
      memory.scales.forget(uid)
      metrics.scale(uid, [])
    },
  }
}
