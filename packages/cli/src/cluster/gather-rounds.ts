import { emptyWorld, type Gathered, type Read, reads, type ReadsInput } from '@millrace/render'

/** `reads` promises to be done in three. */
const roundsMax = 5

/**
 * What rendering one service asks for, round by round: yields what is to be found, takes what was found, and returns the
 * whole of it. What the first `next` is given is not looked at.
 */
export function* gatherRounds(input: Omit<ReadsInput, 'world'>): Generator<readonly Read[], Gathered, Gathered> {
  const asked = new Set<string>()
  let world: Gathered = emptyWorld
  for (let round = 0; round < roundsMax; round++) {
    const fresh = reads({ ...input, world }).filter((read) => !asked.has(JSON.stringify(read)))
    if (fresh.length === 0) break
    for (const read of fresh) asked.add(JSON.stringify(read))
    const found = yield fresh
    world = { objects: [...world.objects, ...found.objects], secrets: [...world.secrets, ...found.secrets] }
  }
  return world
}
