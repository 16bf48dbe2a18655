import { ignoredReason } from '../service/ignored-fields.ts'
import type { RenderResult } from '../seam.ts'
import type { Part } from './conditions.ts'

/** Condition that names what the mode does not honour. There is none where it honours everything. */
export const ignoredType = 'FieldsIgnored'

/** A sentence for each; a status is no place for more. */
const sentencesMax = 8

export function ignoredParts({ decisions }: RenderResult): Part[] {
  const all = decisions.filter(({ reason }) => reason === ignoredReason).map(({ message }) => message)
  if (all.length === 0) return []
  const more = all.length > sentencesMax ? [`And ${all.length - sentencesMax} more.`] : []
  const message = [...all.slice(0, sentencesMax), ...more].join(' ')
  return [{ type: ignoredType, status: 'True', reason: 'ModeIgnoresFields', message, isNeeded: false }]
}
