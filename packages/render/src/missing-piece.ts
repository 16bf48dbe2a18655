import { conditionTypes } from '@millrace/api'
import type { Decision } from './decision.ts'
import type { Part } from './observe/conditions.ts'
import type { RenderResult } from './seam.ts'

interface Missing {
  readonly condition: string
  /** Without it the service is not Ready. */
  readonly isNeeded: boolean
  readonly message: string
}

/** What a service in Standard mode can do without for a while: all the rest of it is made, and one condition names the piece. */
const missing = {
  GatewayApiNotInstalled: {
    condition: conditionTypes.ingressReady,
    isNeeded: true,
    message:
      'enableGatewayApi is set, but the Gateway API is not installed, so that no HTTPRoute is made: install it, or switch it off in inferenceservice-config.',
  },
  KEDANotInstalled: {
    condition: conditionTypes.autoscalerReady,
    isNeeded: false,
    message:
      'autoscalerClass "keda" needs KEDA, which is not installed, so that nothing scales the pods: install it, or use another class.',
  },
  OpenTelemetryNotInstalled: {
    condition: conditionTypes.autoscalerReady,
    isNeeded: false,
    message:
      'Metrics of pods need the OpenTelemetry operator, which is not installed, so that nothing scales by them: install it and restart the pods, or scale by other metrics.',
  },
} as const satisfies Readonly<Record<string, Missing>>

export type MissingReason = keyof typeof missing

export function missingPiece(reason: MissingReason): Decision {
  return { reason, message: missing[reason].message, level: 'warning', source: 'cluster' }
}

/** One condition for each part of the service that lacks something, named by what it lacks first. */
export function missingParts({ decisions }: RenderResult): readonly Part[] {
  const parts = new Map<string, Part>()
  for (const { reason, message } of decisions) {
    if (!isMissingReason(reason)) continue
    const { condition: type, isNeeded } = missing[reason]
    const before = parts.get(type)
    const told = before ? { ...before, message: `${before.message} ${message}` } : { reason, message }
    parts.set(type, { ...told, type, status: 'False', isNeeded })
  }
  return [...parts.values()]
}

function isMissingReason(reason: string): reason is MissingReason {
  return Object.hasOwn(missing, reason)
}
