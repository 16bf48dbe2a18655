import { type Client, isKubeError, type KubeObject, type Log, nameOfObject, type Resource } from '@millrace/kube'

/**
 * Finalizers that KServe's controller puts on our kinds. What they stand for is done by owner references here; where our
 * controller takes the place of KServe's, nobody else would ever take them off.
 */
const kserveFinalizers: readonly string[] = ['inferenceservice.finalizers', 'trainedmodel.finalizer']

/** Lets an object go that is being deleted. */
export async function releaseFinalizers(
  client: Client,
  resource: Resource,
  object: KubeObject,
  options: { readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  const { finalizers = [], resourceVersion } = object.metadata
  const kept = finalizers.filter((finalizer) => !kserveFinalizers.includes(finalizer))
  if (kept.length === finalizers.length) return
  const name = nameOfObject(object)
  try {
    const body = { metadata: { resourceVersion, finalizers: kept } }
    await client.patch(resource, name, 'merge', body, { signal: options.signal })
    options.log.info('A finalizer of KServe was taken off', { kind: object.kind, ...name })
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error
  }
}
