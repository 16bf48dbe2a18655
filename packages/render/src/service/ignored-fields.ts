import { type Finding, fieldsIgnored, type InferenceGraph, type InferenceService } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import type { Decision } from '../decision.ts'
import type { RenderResult } from '../seam.ts'

export const ignoredReason = 'FieldIgnored'

/** What is rendered, with a decision for each field that the mode does not honour. Admission has told them; they are not news. */
export function withIgnoredFields(result: RenderResult, object: KubeObject): RenderResult {
  const { mode } = result.facts
  // Of its kind's shape: rendering has read it as such.
  const service = object as unknown as InferenceService | InferenceGraph
  const ignored = fieldsIgnored(service, mode).map(decisionOf)
  return ignored.length === 0 ? result : { ...result, decisions: [...result.decisions, ...ignored] }
}

function decisionOf({ path, message }: Finding): Decision {
  const source = path.includes('annotations[') ? 'annotation' : 'spec'
  return { reason: ignoredReason, message: `${path} ${message}.`, level: 'info', source, path }
}
