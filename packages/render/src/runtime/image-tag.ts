import type { Container } from '@millrace/api'
import { serverType } from './server-defaults.ts'
import type { Runtime } from './select-runtime.ts'

const tagPattern = /:[\w.-]*$/
/** Servers whose images with GPU support have the suffix `-gpu` in their tag. */
const gpuTagged = new Set(['tensorflow-serving', 'torchserve', 'huggingfaceserver'])

/**
 * The image of a server: the tag that the service asks for, else the build for GPUs where it has one and the service has
 * GPUs. An image by digest stays what it is.
 */
export function imageFor(
  container: Container,
  runtimeVersion: string | undefined,
  runtime: Runtime,
): string | undefined {
  const { image } = container
  if (!image || image.includes('@sha256:')) return image
  const tag = tagPattern.exec(image)?.[0]
  const untagged = tag === undefined ? image : image.slice(0, -tag.length)
  if (runtimeVersion !== undefined) return `${untagged}:${runtimeVersion}`
  const type = serverType(runtime)
  if (tag === undefined || type === '') return image
  if (hasGpu(container)) return gpuTagged.has(type) && !image.endsWith('-gpu') ? `${image}-gpu` : image
  return type === 'vllmserver' && !untagged.endsWith('-cpu') ? `${untagged}-cpu${tag}` : image
}

export function hasGpu(container: Pick<Container, 'resources'>): boolean {
  const names = Object.keys(container.resources?.limits ?? {})
  return names.some((name) => name === 'nvidia.com/gpu' || name.startsWith('nvidia.com/mig'))
}
