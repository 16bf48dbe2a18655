import type { EventRecorder, KubeObject } from '@millrace/kube'
import type { RenderResult } from '@millrace/render'

/** Events about our objects: each piece of news once, when it is new. */
export interface News {
  tell(service: KubeObject, status: Readonly<Record<string, unknown>>, rendered: RenderResult): void
  forget(uid: string): void
}

interface Condition {
  readonly type?: string
  readonly status?: string
  readonly reason?: string
  readonly message?: string
}

const nothing: ReadonlySet<string> = new Set()

export function createNews(recorder: EventRecorder): News {
  /** What holds for an object now and was told. */
  const told = new Map<string, ReadonlySet<string>>()
  return {
    tell: (service, status, rendered) => {
      const uid = service.metadata.uid ?? ''
      const holds = new Map<string, { readonly reason: string; readonly message: string }>()
      for (const { level, reason, message } of rendered.decisions) {
        if (level === 'warning') holds.set(`${reason} ${message}`, { reason, message })
      }
      if (!rendered.ok) holds.set(`${rendered.problem.reason} ${rendered.problem.message}`, rendered.problem)
      const before = told.get(uid)
      told.set(uid, holds.size > 0 ? new Set(holds.keys()) : nothing)
      // After a restart everything holds again, and nothing of it is new.
      const isKnown = before === undefined && wasSeen(service)
      for (const [key, { reason, message }] of holds) {
        if (!isKnown && !before?.has(key)) recorder.record(service, { type: 'Warning', reason, message })
      }
      const [was, is] = [readyOf(service['status']), readyOf(status)]
      if (was?.status !== 'True' && is?.status === 'True') {
        recorder.record(service, {
          type: 'Normal',
          reason: `${service.kind}Ready`,
          message: `${service.kind} ${service.metadata.name} is ready.`,
        })
      }
      if (was?.status === 'True' && is?.status !== 'True') {
        const message = is?.message || `${service.kind} ${service.metadata.name} is not ready any longer.`
        recorder.record(service, { type: 'Warning', reason: is?.reason || `${service.kind}NotReady`, message })
      }
    },
    forget: (uid) => void told.delete(uid),
  }
}

function wasSeen(service: KubeObject): boolean {
  const status: unknown = service['status']
  return Object(status).observedGeneration === service.metadata.generation
}

function readyOf(status: unknown): Condition | undefined {
  const conditions: unknown = Object(status).conditions
  return Array.isArray(conditions)
    ? (conditions as readonly Condition[]).find(({ type }) => type === 'Ready')
    : undefined
}
