import { group } from '../kinds/kind-source.ts'
import { type Finding, formatPath } from '../validate/finding.ts'
import { conversions } from './convert-object.ts'
import { allMoves, pathForth, type Shape } from './rename-fields.ts'

/** A finding about the older version of an object, for somebody who wrote the newer one. */
export function inNewerWords(finding: Finding, shape: Shape): Finding {
  const segments = pathForth(finding.segments, shape)
  return { ...finding, segments, path: formatPath(segments), message: translated(finding.message, shape) }
}

/** What the rules and the renderer say of a service in the stored version, for somebody who wrote it in another. */
export function inWordsOf(
  { kind, apiVersion }: { readonly kind: string; readonly apiVersion: string },
  text: string,
): string {
  const conversion = conversions.find((each) => each.kind === kind && apiVersion === `${group}/${each.newer}`)
  return conversion ? translated(text, conversion.shape) : text
}

const translators = new WeakMap<Shape, (message: string) => string>()

function translated(message: string, shape: Shape): string {
  const known = translators.get(shape)
  if (known) return known(message)
  const translate = translatorOf(shape)
  translators.set(shape, translate)
  return translate(message)
}

/**
 * Fields that a message names get their new names. Only names that are no English words are looked for (`scaleMetric`, not
 * `timeout`), and `spec.canary`.
 */
function translatorOf(shape: Shape): (message: string) => string {
  const names = new Map([['spec.canary', 'spec.canaries']])
  for (const { from, to } of allMoves(shape)) if (/[A-Z]/.test(from)) names.set(from, to.join('.'))
  const alternatives = [...names.keys()].map((name) => name.replace('.', '\\.')).join('|')
  // Names in annotation keys stand after a slash.
  const pattern = new RegExp(`(?<![\\w/])(?:${alternatives})(?![\\w/])`, 'g')
  return (message) => message.replace(pattern, (name) => names.get(name) ?? name)
}
