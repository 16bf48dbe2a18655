import type { Gathered, Read } from './gathered.ts'
import { emptyWorld } from './reads.ts'

/** `reads` promises to be done in three; more show a mistake before it becomes a loop. */
const roundsMax = 5

/**
 * What is wanted, round by round, until the grown world leaves no wish: yields what is to be found, takes what was found, and
 * returns the whole of it. What the first `next` is given is not looked at.
 */
export function* gatherRounds(
  wanted: (world: Gathered) => readonly Read[],
): Generator<readonly Read[], Gathered, Gathered> {
  const asked = new Set<string>()
  let world = emptyWorld
  for (let round = 0; round < roundsMax; round++) {
    const fresh = wanted(world).filter((read) => !asked.has(JSON.stringify(read)))
    if (fresh.length === 0) return world
    for (const read of fresh) asked.add(JSON.stringify(read))
    const found = yield fresh
    world = { objects: [...world.objects, ...found.objects], secrets: [...world.secrets, ...found.secrets] }
  }
  throw new Error(`the wishes for ${[...asked].at(-1)} and the like never end`)
}
