export type * from './capabilities.ts'
export { podSettings } from './backend/pod-input.ts'
export { type ChildKind, childKinds } from './child-kinds.ts'
export type * from './decision.ts'
export { gatherRounds } from './gather-rounds.ts'
export type * from './gathered.ts'
export { type AutoscalerSources, knativeAutoscaler, type ResolvedAutoscaler } from './knative-autoscaler.ts'
export {
  findKnativeSources,
  type KnativeCandidates,
  knativeOf,
  type KnativeSources,
} from './knative-settings.ts'
export { type SilentEnd, silentEnds, withLastWords } from './observe/last-words.ts'
export { isKnativeService, makesPods } from './makes-pods.ts'
export { observe, podLabels } from './observe/observe.ts'
export { type OptionalPiece, optionalPieces } from './optional-pieces.ts'
export { globalCaBundle } from './pod/init-container.ts'
export { type CompletedPod, type CompletePodInput, completePod, type PodSettings } from './pod/complete-pod.ts'
export { podReads, type PodReadsInput } from './pod/pod-reads.ts'
export type { PodTemplate } from './pod/shape.ts'
export { emptyWorld, reads, type ReadsInput } from './reads.ts'
export { render } from './render.ts'
export type * from './seam.ts'
export { capabilitiesOf, hasImageVolumes } from './served-capabilities.ts'
export { secretFacts } from './secret-facts.ts'
export type * from './settings.ts'
export { type World, worldOf } from './world.ts'
