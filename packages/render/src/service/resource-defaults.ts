import type { Container } from '@millrace/api'

/** `inferenceService.resource` of the configuration; an empty amount sets nothing. */
export interface ResourceDefaults {
  readonly cpuRequest?: string
  readonly memoryRequest?: string
  readonly cpuLimit?: string
  readonly memoryLimit?: string
}

/** Fills in what the container does not say about CPU and memory. */
export function withResources<T extends Partial<Container>>(container: T, defaults: ResourceDefaults): T {
  const requests = { ...amounts(defaults.cpuRequest, defaults.memoryRequest), ...container.resources?.requests }
  const limits = { ...amounts(defaults.cpuLimit, defaults.memoryLimit), ...container.resources?.limits }
  return { ...container, resources: { ...container.resources, requests, limits } }
}

function amounts(cpu: string | undefined, memory: string | undefined): Record<string, string> {
  return { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}) }
}
