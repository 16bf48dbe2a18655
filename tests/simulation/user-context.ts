import type { SeededRandom } from '@millrace/testkit'
import type { Cluster } from './cluster-of-products.ts'
import type { Versions } from './wishes.ts'
import type { World } from './world.ts'

/** What the actions share: a user, chance, and what was done so far. */
export interface UserContext {
  readonly world: World
  readonly random: SeededRandom
  readonly versions: Versions
  readonly cluster: Cluster
  /** What the server answered where it refused. */
  readonly refusals: string[]
  /** A promise is broken, and how. */
  report(promise: string, what: string): void
}
