export { type FailurePlan, type FaultyCalls, withFailures } from './fail-nth.ts'
export { assertGolden } from './golden-file.ts'
export { createSeededRandom, type SeededRandom } from './seeded-random.ts'
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
