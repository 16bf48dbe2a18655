import type { ServedResource } from '../served-resource.ts'
import { completeNames, type Crd, type CrdNames } from './crd-spec.ts'

export interface NamesDecision {
  readonly accepted: boolean
  /** What counts as taken by this CRD: the wanted names, or those it had. */
  readonly names: Partial<CrdNames>
  readonly reason: string
  readonly message: string
}

/** Names that an accepted CRD holds. */
export interface NameClaim {
  readonly group: string
  readonly names: CrdNames
}

/**
 * A CRD may use the names that no built-in kind and no accepted CRD of its group has taken. `claims` are those of the
 * other CRDs.
 */
export function acceptNames(crd: Crd, claims: readonly NameClaim[], served: readonly ServedResource[]): NamesDecision {
  const names = completeNames(crd.spec.names)
  const conflicts = findConflicts(names, takenNames(crd.spec.group, claims, served))
  // The condition tells the last one, as the real server's does.
  const last = conflicts.at(-1)
  if (!last) return { accepted: true, names, reason: '', message: '' }
  const refused = new Set(conflicts.map(({ field }) => field))
  const had = crd.status?.acceptedNames ?? {}
  const own = Object.entries(names).filter(([field]) => !refused.has(field))
  const accepted = { plural: '', kind: '', ...had, ...Object.fromEntries(own) }
  return { accepted: false, names: accepted, reason: last.reason, message: last.message }
}

interface Taken {
  readonly resources: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
}

function takenNames(group: string, claims: readonly NameClaim[], served: readonly ServedResource[]): Taken {
  const resources = new Set<string>()
  const kinds = new Set<string>()
  for (const claim of claims) {
    if (claim.group !== group) continue
    const { plural, singular = '', shortNames = [], kind, listKind = '' } = claim.names
    for (const name of [plural, singular, ...shortNames]) resources.add(name)
    for (const name of [kind, listKind]) kinds.add(name)
  }
  for (const { gvk, isCustom, plural, singular, shortNames, listKind } of served) {
    if (isCustom || gvk.group !== group) continue
    for (const name of [plural, singular, ...shortNames]) resources.add(name)
    for (const name of [gvk.kind, listKind]) kinds.add(name)
  }
  return { resources, kinds }
}

interface NameConflict {
  readonly field: string
  readonly reason: string
  readonly message: string
}

function findConflicts(names: CrdNames, { resources, kinds }: Taken): readonly NameConflict[] {
  const { plural, singular = '', shortNames = [], kind, listKind = '' } = names
  const wanted = [
    { field: 'plural', reason: 'PluralConflict', name: plural, taken: resources },
    { field: 'singular', reason: 'SingularConflict', name: singular, taken: resources },
    ...shortNames.map((name) => ({ field: 'shortNames', reason: 'ShortNamesConflict', name, taken: resources })),
    { field: 'kind', reason: 'KindConflict', name: kind, taken: kinds },
    { field: 'listKind', reason: 'ListKindConflict', name: listKind, taken: kinds },
  ]
  return wanted
    .filter(({ name, taken }) => taken.has(name))
    .map(({ field, reason, name }) => ({ field, reason, message: `${JSON.stringify(name)} is already in use` }))
}
