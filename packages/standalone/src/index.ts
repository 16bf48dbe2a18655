export type { LocalProgram, NoProgram, ResolveImage } from './pod-runner/prepare-launch.ts'
export { type PodRunnerTiming, podRunnerTiming } from './pod-runner/pod-runner-timing.ts'
export { startPodRunner } from './pod-runner/start-pod-runner.ts'
export type { PodRunner, PodRunnerOptions } from './pod-runner/pod-runner.ts'
export {
  startWorkloadControllers,
  type WorkloadControllers,
  type WorkloadOptions,
} from './workloads/workload-controllers.ts'
export { type Gateway, type GatewayLimits, type GatewayOptions, startGateway } from './gateway/start-gateway.ts'
export { type GarbageCollector, startGarbageCollector } from './workloads/start-garbage-collector.ts'
