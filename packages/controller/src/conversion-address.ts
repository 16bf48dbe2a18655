import { isDeepStrictEqual } from 'node:util'
import { type ConversionClient, webhookConversion } from '@millrace/api'
import {
  type Client,
  type Clock,
  createInformers,
  isKubeError,
  type KubeObject,
  type Log,
  resources,
} from '@millrace/kube'
import { conversionOnly, convertedCrd } from './fill-in-authority.ts'
import { fieldManager } from './field-manager.ts'
import { type Keeper, keepWritten } from './keep-written.ts'

export interface ConversionAddressOptions {
  /** Where we convert, and whom to trust. */
  readonly client: () => ConversionClient
  readonly clock: Clock
  readonly log: Log
}

/**
 * Tells the API server of one machine where objects are converted: in the CRD that has versions to convert between. It stays
 * there when we end: an answer that the API server cannot get is better than an object that it takes for converted.
 */
export function keepConversionAddress(client: Client, options: ConversionAddressOptions): Keeper {
  const { clock, log } = options
  const informers = createInformers(client, { clock, log })
  const crd = informers.informer(resources.customResourceDefinitions, {
    fieldSelector: `metadata.name=${convertedCrd}`,
    transform: conversionAndVersions,
  })
  const write = async (signal: AbortSignal): Promise<boolean> => {
    if (!crd.isSynced) return isKubeError(crd.trouble, 'Forbidden')
    const [object] = crd.list()
    const wanted = webhookConversion(options.client())
    if (!object || !needs(object, wanted)) return true
    // The version keeps it from making anew what was deleted meanwhile.
    const { name, resourceVersion = '' } = object.metadata
    const metadata = { ...(name !== undefined && { name }), resourceVersion }
    const body = { apiVersion: object.apiVersion, kind: object.kind, metadata, spec: { conversion: wanted } }
    try {
      crd.remember(await client.apply(crd.resource, body, { fieldManager, force: true, signal }))
      log.info('The API server was told where to convert', { name: convertedCrd })
      return true
    } catch (error) {
      if (!isKubeError(error)) throw error
      const isOvertaken = error.code === 'Conflict' || error.code === 'NotFound'
      if (!isOvertaken && !signal.aborted)
        log.warn('The API server could not be told where to convert', { name: convertedCrd, error: error.message })
      return false
    }
  }
  return keepWritten(informers, [crd], clock, write)
}

interface CrdSpec {
  readonly conversion?: { readonly webhook?: { readonly clientConfig?: { readonly service?: object } } }
  readonly versions?: readonly object[]
}

/** Where there is nothing to convert nobody is told; nor where a Service of the cluster converts. */
function needs(crd: KubeObject, wanted: object): boolean {
  const { conversion, versions = [] } = Object(crd['spec']) as CrdSpec
  if (versions.length < 2 || conversion?.webhook?.clientConfig?.service) return false
  return !isDeepStrictEqual(conversion, wanted)
}

function conversionAndVersions(object: KubeObject): KubeObject {
  const { versions } = Object(object['spec']) as CrdSpec
  const kept = conversionOnly(object)
  return { ...kept, spec: { ...Object(kept['spec']), versions: versions?.map(() => ({})) } }
}
