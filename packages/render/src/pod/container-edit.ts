import type { Container, EnvVar, PodSpec, Volume, VolumeMount } from '@millrace/api'

export function findContainer(spec: PodSpec, name: string): Container | undefined {
  return spec.containers.find((container) => container.name === name)
}

/** Replaces the named container, wherever it is; a pod without it comes back unchanged. */
export function editContainer(spec: PodSpec, name: string, edit: (container: Container) => Container): PodSpec {
  const isThere = findContainer(spec, name) !== undefined
  if (isThere) return { ...spec, containers: spec.containers.map((c) => (c.name === name ? edit(c) : c)) }
  const initContainers = spec.initContainers ?? []
  if (!initContainers.some((c) => c.name === name)) return spec
  return { ...spec, initContainers: initContainers.map((c) => (c.name === name ? edit(c) : c)) }
}

export function addContainer(spec: PodSpec, container: Container): PodSpec {
  return { ...spec, containers: [...spec.containers, container] }
}

export function addInitContainer(spec: PodSpec, container: Container): PodSpec {
  return { ...spec, initContainers: [...(spec.initContainers ?? []), container] }
}

/** Adds variables that are not there yet; what is there wins. */
export function addEnv(container: Container, added: readonly EnvVar[]): Container {
  const names = new Set((container.env ?? []).map((variable) => variable.name))
  const fresh = added.filter((variable) => !names.has(variable.name))
  if (fresh.length === 0) return container
  return { ...container, env: [...(container.env ?? []), ...fresh] }
}

/** Sets variables: what is there is replaced in its place, the rest is appended. */
export function setEnv(container: Container, set: readonly EnvVar[]): Container {
  const byName = new Map(set.map((variable) => [variable.name, variable]))
  const env = (container.env ?? []).map((variable) => {
    const replacement = byName.get(variable.name)
    byName.delete(variable.name)
    return replacement ?? variable
  })
  return { ...container, env: [...env, ...byName.values()] }
}

export function envValue(container: Container | undefined, name: string): string | undefined {
  const variable = container?.env?.find((candidate) => candidate.name === name)
  return variable === undefined ? undefined : (variable.value ?? '')
}

/** Adds a mount unless the container already mounts that volume. */
export function addMount(container: Container, mount: VolumeMount): Container {
  if (container.volumeMounts?.some((existing) => existing.name === mount.name)) return container
  return { ...container, volumeMounts: [...(container.volumeMounts ?? []), mount] }
}

/** Adds a volume unless the pod already has one of that name. */
export function addVolume(spec: PodSpec, volume: Volume): PodSpec {
  if (spec.volumes?.some((existing) => existing.name === volume.name)) return spec
  return { ...spec, volumes: [...(spec.volumes ?? []), volume] }
}
