import { emptyWorld, type Gathered, gatherRounds, type Read, reads, type RenderInput } from '@millrace/render'

/** Of a large world what rendering one service asks for: of ten thousand services each would look through all others. */
export function worldNarrower(world: Gathered): (input: RenderInput) => RenderInput {
  const objects = Map.groupBy(world.objects, ({ apiVersion, kind, metadata }) => {
    const group = apiVersion.includes('/') ? (apiVersion.split('/', 1)[0] ?? '') : ''
    return placeOf(group, kind, metadata.namespace)
  })
  const secrets = Map.groupBy(world.secrets, ({ namespace }) => namespace)
  const find = ({ group, kind, namespace, name, labels = {} }: Read): Gathered => {
    if (kind === 'Secret')
      return { objects: [], secrets: (secrets.get(namespace ?? '') ?? []).filter((secret) => secret.name === name) }
    const there = objects.get(placeOf(group, kind, namespace)) ?? []
    const found = there.filter(
      ({ metadata }) =>
        (name === undefined || metadata.name === name) &&
        Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value),
    )
    return { objects: found, secrets: [] }
  }
  return (input) => {
    const rounds = gatherRounds((known) => reads({ ...input, world: known }))
    let round = rounds.next(emptyWorld)
    while (!round.done) {
      const found = round.value.map(find)
      round = rounds.next({
        objects: found.flatMap((one) => one.objects),
        secrets: found.flatMap((one) => one.secrets),
      })
    }
    return { ...input, world: round.value }
  }
}

function placeOf(group: string, kind: string, namespace = ''): string {
  return `${group}|${kind}|${namespace}`
}
