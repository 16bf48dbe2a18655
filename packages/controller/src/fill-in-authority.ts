import { group, resources as serving } from '@millrace/api'
import {
  type Client,
  type Clock,
  createInformers,
  type Informer,
  isKubeError,
  type KubeObject,
  type Log,
  type Resource,
  resources,
} from '@millrace/kube'
import { type Keeper, keepWritten } from './keep-written.ts'

export interface AuthorityOptions {
  /** Name of the registrations, validating and mutating. */
  readonly configurationName: string
  /** The Service that stands for us: what calls another one is not ours to touch. */
  readonly service: { readonly namespace: string; readonly name: string }
  /** PEM; undefined: there is none yet. */
  readonly authority: () => string | undefined
  readonly clock: Clock
  readonly log: Log
}

const fieldManager = 'millrace-authority'
/** Kinds that have versions to convert between. */
export const convertedCrd = `${serving.inferenceServices.plural}.${group}`

/**
 * Keeps our authority in what was installed with us: the registrations of the webhooks, and the conversion webhook of the
 * CRD. They are followed, so that a new installation over them is healed at once.
 */
export function fillInAuthority(client: Client, options: AuthorityOptions): Keeper {
  const { clock, log, configurationName } = options
  const informers = createInformers(client, { clock, log })
  const follow = (resource: Resource, name: string, transform?: (object: KubeObject) => KubeObject): Informer =>
    informers.informer(resource, { fieldSelector: `metadata.name=${name}`, ...(transform && { transform }) })
  const registrations = [resources.validatingWebhookConfigurations, resources.mutatingWebhookConfigurations].map(
    (resource) => follow(resource, configurationName),
  )
  const crd = follow(resources.customResourceDefinitions, convertedCrd, conversionOnly)
  const write = async (informer: Informer, fillIn: FillIn, signal: AbortSignal): Promise<boolean> => {
    if (!informer.isSynced) return isKubeError(informer.trouble, 'Forbidden')
    const authority = options.authority()
    if (authority === undefined) return false
    const [object] = informer.list()
    const caBundle = Buffer.from(authority).toString('base64')
    const body = object && fillIn(object, options.service, caBundle)
    if (!object || !body) return true
    const name = object.metadata.name ?? ''
    try {
      informer.remember(await client.patch(informer.resource, { name }, 'merge', body, { fieldManager, signal }))
      log.info('The authority of the webhook was filled in', { kind: informer.resource.kind, name })
      return true
    } catch (error) {
      if (!isKubeError(error)) throw error
      // Somebody else's write came first, or it is gone: the watch tells.
      const isOvertaken = error.code === 'Conflict' || error.code === 'NotFound'
      if (!isOvertaken && !signal.aborted)
        log.warn('The authority of the webhook could not be filled in', { name, error: error.message })
      return false
    }
  }
  return keepWritten(informers, [...registrations, crd], clock, async (signal) => {
    const filled = [await write(crd, inConversion, signal)]
    for (const registration of registrations) filled.push(await write(registration, inRegistration, signal))
    return filled.every(Boolean)
  })
}

/** The merge patch that an object needs; undefined where it needs none. */
type FillIn = (object: KubeObject, service: AuthorityOptions['service'], caBundle: string) => object | undefined

interface ClientConfig {
  readonly service?: { readonly namespace?: string; readonly name?: string }
  readonly caBundle?: string
}

function inRegistration(object: KubeObject, service: AuthorityOptions['service'], caBundle: string) {
  const webhooks = (object['webhooks'] ?? []) as readonly { readonly clientConfig: ClientConfig }[]
  if (!webhooks.some(({ clientConfig }) => isStale(clientConfig, service, caBundle))) return undefined
  // A merge patch replaces lists: the version keeps it from undoing what somebody else has just written.
  return {
    metadata: { resourceVersion: object.metadata.resourceVersion },
    webhooks: webhooks.map((webhook) =>
      isStale(webhook.clientConfig, service, caBundle)
        ? { ...webhook, clientConfig: { ...webhook.clientConfig, caBundle } }
        : webhook,
    ),
  }
}

function inConversion(object: KubeObject, service: AuthorityOptions['service'], caBundle: string) {
  const clientConfig = Object(object['spec']).conversion?.webhook?.clientConfig as ClientConfig | undefined
  if (!clientConfig || !isStale(clientConfig, service, caBundle)) return undefined
  return { spec: { conversion: { webhook: { clientConfig: { caBundle } } } } }
}

function isStale({ service, caBundle }: ClientConfig, ours: AuthorityOptions['service'], wanted: string): boolean {
  return service?.name === ours.name && service.namespace === ours.namespace && caBundle !== wanted
}

/** Of a CRD of 200 kB, the part that matters here. */
export function conversionOnly(object: KubeObject): KubeObject {
  const { name, uid, resourceVersion } = object.metadata
  const metadata = {
    ...(name !== undefined && { name }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  }
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata,
    spec: { conversion: Object(object['spec']).conversion },
  }
}
