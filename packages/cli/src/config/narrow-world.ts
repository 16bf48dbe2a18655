import type { KubeObject } from '@millrace/kube'
import { emptyWorld, type Gathered, type Read, reads, type RenderInput } from '@millrace/render'

/** `reads` promises to be done in three rounds. */
const roundsMax = 5

/** Of a large world what rendering one service asks for: of ten thousand services each would look through all others. */
export function worldNarrower(world: Gathered): (input: RenderInput) => RenderInput {
  const byPlace = new Map<string, KubeObject[]>()
  for (const object of world.objects) {
    const group = object.apiVersion.includes('/') ? (object.apiVersion.split('/', 1)[0] ?? '') : ''
    const place = placeOf(group, object.kind, object.metadata.namespace)
    const there = byPlace.get(place)
    if (there) there.push(object)
    else byPlace.set(place, [object])
  }
  const found = ({ group, kind, namespace, name, labels = {} }: Read) =>
    (byPlace.get(placeOf(group, kind, namespace)) ?? []).filter(
      ({ metadata }) =>
        (name === undefined || metadata.name === name) &&
        Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value),
    )
  return (input) => {
    const asked = new Set<string>()
    let narrow: Gathered = emptyWorld
    for (let round = 0; round < roundsMax; round++) {
      const fresh = reads({ ...input, world: narrow }).filter((read) => !asked.has(JSON.stringify(read)))
      if (fresh.length === 0) break
      for (const read of fresh) asked.add(JSON.stringify(read))
      const secrets = world.secrets.filter(({ namespace, name }) =>
        fresh.some((read) => read.kind === 'Secret' && read.namespace === namespace && read.name === name),
      )
      narrow = {
        objects: [...narrow.objects, ...fresh.flatMap(found)],
        secrets: [...narrow.secrets, ...secrets],
      }
    }
    return { ...input, world: narrow }
  }
}

function placeOf(group: string, kind: string, namespace = ''): string {
  return `${group}|${kind}|${namespace}`
}
