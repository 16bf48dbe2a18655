import type { Right } from '../../deploy/source/rights.ts'
import type { Call } from '../deploy/audit.ts'

/** Rights that none of the calls needed, each verb on each kind (and name) for itself; only those that calls can show. */
export function unusedRights(rights: readonly Right[], calls: readonly Call[]): readonly string[] {
  const used = new Set(
    calls.flatMap(({ verb, objectRef }) => {
      if (!objectRef) return []
      const { apiGroup = '', resource, subresource, name } = objectRef
      const what = `${verb} ${subresource === undefined ? resource : `${resource}/${subresource}`}.${apiGroup}`
      return [what, `${what} ${name}`]
    }),
  )
  return rights.flatMap(each).filter((one) => !used.has(one))
}

function each({ group, resources, verbs, names = [], unseen = {} }: Right): readonly string[] {
  const shown = verbs.filter((verb) => unseen[verb] === undefined)
  const plain = resources.flatMap((resource) => shown.map((verb) => `${verb} ${resource}.${group}`))
  return names.length === 0 ? plain : plain.flatMap((one) => names.map((name) => `${one} ${name}`))
}
