import type { Decision } from '../decision.ts'
import { isInternal } from '../exposure/exposure.ts'
import type { IngressSettings } from '../settings.ts'
import type { EffectiveService } from './effective-service.ts'
import { ignoredReason } from './ignored-fields.ts'

/** What keeps declared canaries from their share of the requests. Weights are a matter of HTTPRoutes, and of the predictor's alone. */
export function canaryTraffic({ spec, labels, mode }: EffectiveService, ingress: IngressSettings): readonly Decision[] {
  if (mode !== 'Standard' || !spec.canary?.length) return []
  const why = obstacle(isInternal(labels, ingress), spec.transformer !== undefined, ingress)
  if (!why) return []
  return [
    {
      reason: ignoredReason,
      message: `spec.canary[].trafficPercent has no effect: ${why}. A canary can be called by the name of its own Service.`,
      level: 'warning',
      source: 'spec',
      path: 'spec.canary',
    },
  ]
}

function obstacle(isLocal: boolean, hasTransformer: boolean, ingress: IngressSettings): string | undefined {
  if (isLocal) return 'a service that only the cluster reaches has no HTTPRoute that could split its requests'
  if (ingress.disableIngressCreation) return 'the cluster makes no routes (disableIngressCreation)'
  if (!ingress.enableGatewayApi)
    return 'an Ingress cannot split requests: set enableGatewayApi in inferenceservice-config'
  if (hasTransformer)
    return "the transformer sends all requests to the predictor; only those to the predictor's own host are split"
  return undefined
}
