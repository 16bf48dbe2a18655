import type { ServedResource } from '../served-resource.ts'
import { completeNames, type Crd, type CrdNames, hasCondition } from './crd-spec.ts'

export interface NamesDecision {
  readonly accepted: boolean
  /** What counts as taken by this CRD: the wanted names, or those it had. */
  readonly names: Partial<CrdNames>
  readonly reason: string
  readonly message: string
}

/** A CRD may use the names that no built-in kind and no accepted CRD of its group has taken. */
export function acceptNames(crd: Crd, all: readonly Crd[], served: readonly ServedResource[]): NamesDecision {
  const names = completeNames(crd.spec.names)
  const taken = takenNames(crd, all, served)
  const conflict = findConflict(names, taken)
  if (!conflict) return { accepted: true, names, reason: '', message: '' }
  return { accepted: false, names: crd.status?.acceptedNames ?? { plural: '', kind: '' }, ...conflict }
}

interface Taken {
  readonly resources: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
}

function takenNames(crd: Crd, all: readonly Crd[], served: readonly ServedResource[]): Taken {
  const resources = new Set<string>()
  const kinds = new Set<string>()
  const others = all.filter(
    ({ spec, metadata }) => spec.group === crd.spec.group && metadata.name !== crd.metadata.name,
  )
  for (const other of others) {
    if (!hasCondition(other, 'NamesAccepted')) continue
    const { plural, singular = '', shortNames = [], kind, listKind = '' } = completeNames(other.spec.names)
    for (const name of [plural, singular, ...shortNames]) resources.add(name)
    for (const name of [kind, listKind]) kinds.add(name)
  }
  for (const { gvk, isCustom, plural, singular, shortNames, listKind } of served) {
    if (isCustom || gvk.group !== crd.spec.group) continue
    for (const name of [plural, singular, ...shortNames]) resources.add(name)
    for (const name of [gvk.kind, listKind]) kinds.add(name)
  }
  return { resources, kinds }
}

function findConflict(
  names: CrdNames,
  taken: Taken,
): { readonly reason: string; readonly message: string } | undefined {
  const inUse = (reason: string, name: string) => ({ reason, message: `${JSON.stringify(name)} is already in use` })
  const { plural, singular = '', shortNames = [], kind, listKind = '' } = names
  if (taken.resources.has(plural)) return inUse('PluralConflict', plural)
  if (taken.resources.has(singular)) return inUse('SingularConflict', singular)
  const short = shortNames.find((name) => taken.resources.has(name))
  if (short) return inUse('ShortNamesConflict', short)
  if (taken.kinds.has(kind)) return inUse('KindConflict', kind)
  return taken.kinds.has(listKind) ? inUse('ListKindConflict', listKind) : undefined
}
