import type { Decision } from '../decision.ts'
import type { RenderResult } from '../seam.ts'
import type { Part } from './conditions.ts'

/** Condition that says how Knative scales, who decided it, and where the cluster's settings come from. */
export const scalingType = 'ScalingDecided'

const settings: Readonly<Record<string, Pick<Part, 'status'> & { readonly reason?: string }>> = {
  AutoscalerSettings: { status: 'True' },
  AutoscalerSettingsMissing: { status: 'False', reason: 'AutoscalerSettingsMissing' },
  AutoscalerSettingsInvalid: { status: 'False', reason: 'AutoscalerSettingsInvalid' },
}
const sources: Readonly<Record<string, string>> = {
  KnativeServing: 'KnativeServing',
  'config-autoscaler': 'ConfigMap',
  default: 'Defaults',
}
const bounds: Readonly<Record<string, string>> = {
  InitialScale: 'initial',
  InitialScaleRaised: 'initial',
  MinScale: 'least',
  MinScaleLowered: 'least',
  MaxScale: 'greatest',
  MaxScaleOverLimit: 'greatest',
}

/** None where nothing was decided: in Standard mode, or when the service could not be rendered. */
export function scalingParts({ decisions }: RenderResult): Part[] {
  const found = decisions.find(({ reason }) => reason in settings)
  const state = found && settings[found.reason]
  if (!state) return []
  const over = decisions.find(({ reason }) => reason === 'MaxScaleOverLimit')
  const reason = over?.reason ?? state.reason ?? sources[String(found.value)] ?? 'Decided'
  const status = over ? 'False' : state.status
  const message = [...(over ? [over.message] : []), found.message, scales(decisions)].filter(Boolean).join(' ')
  return [{ type: scalingType, status, reason, message, isNeeded: false }]
}

/** `predictor: initial 1 (default), least 1 (spec), greatest unlimited (spec); transformer: …` */
function scales(decisions: readonly Decision[]): string {
  const components = [...new Set(decisions.flatMap(({ component }) => component ?? []))]
  const texts = components.map((component) => {
    const own = decisions.filter((decision) => decision.component === component)
    const amounts = own.flatMap((decision) => {
      const bound = bounds[decision.reason]
      return bound ? [`${bound} ${amount(bound, decision)} (${decision.source})`] : []
    })
    return amounts.length === 0 ? '' : `${component}: ${amounts.join(', ')}`
  })
  const all = texts.filter(Boolean).join('; ')
  return all && `Scale of ${all}.`
}

function amount(bound: string, { value }: Decision): string {
  return bound === 'greatest' && value === 0 ? 'unlimited' : String(value)
}
