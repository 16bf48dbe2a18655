import { group, kinds } from '@millrace/api'
import {
  type Admit,
  applyObjects,
  type Client,
  type Clock,
  isKubeError,
  type KubeObject,
  type Log,
  resources,
  sleep,
  startAdmissionServer,
} from '@millrace/kube'
import { fieldManager } from './field-manager.ts'
import { obtainCertificates } from './webhook-certificates.ts'

export type WebhookOptions = {
  /** The address that is listened on, and in `url` mode called. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Folder with tls.crt, tls.key and (unless somebody else fills in the authority) ca.crt. Absent: certificates of our own. */
  readonly certDir?: string
} & (
  | {
      /** The API server calls an address: one machine. */
      readonly mode: 'url'
    }
  | {
      /** The API server calls a Service of the cluster. */
      readonly mode: 'service'
      readonly service: { readonly namespace: string; readonly name: string; readonly port?: number }
    }
)

export interface Webhook {
  readonly port: number
  /** Resolves when the API server has been told to ask us. */
  readonly registered: Promise<void>
  close(): Promise<void>
}

const path = '/validate'
export const configurationName = 'millrace.serving.kserve.io'
const retryMs = 2_000
const lookAgainMs = 60_000

/** Serves validation and sees to it that the API server asks: writes the registration when it isn't as it should be. */
export async function startWebhook(
  client: Client,
  options: WebhookOptions,
  context: { readonly admit: Admit; readonly clock: Clock; readonly log: Log },
): Promise<Webhook> {
  const { clock, log } = context
  const abort = new AbortController()
  const registered = Promise.withResolvers<void>()
  let isDue = new AbortController()
  const certificates = await obtainCertificates(client, options, { clock, log })
  const server = await startAdmissionServer({
    host: options.host,
    port: options.port,
    certificate: certificates.current().pair,
    handlers: { [path]: { type: 'admission', admit: context.admit } },
    log,
  })
  certificates.onChange(() => {
    server.setCertificate(certificates.current().pair)
    isDue.abort()
  })

  const register = async (): Promise<boolean> => {
    const wanted = registration(options, server.port, certificates.current().authority)
    const [result] = await applyObjects(client, [wanted], {
      fieldManager,
      resourceOf: () => resources.validatingWebhookConfigurations,
      live: async (resource, name) => {
        try {
          return await client.get(resource, name, { signal: abort.signal })
        } catch (error) {
          if (isKubeError(error, 'NotFound')) return undefined
          throw error
        }
      },
      signal: abort.signal,
    })
    if (result?.error && !abort.signal.aborted)
      log.warn('The webhook is not registered', { error: result.error.message })
    if (result && result.action !== 'failed' && result.action !== 'unchanged') {
      log.info('The webhook is registered', { name: configurationName, action: result.action, port: server.port })
    }
    return result?.action !== 'failed'
  }
  const keepRegistered = async () => {
    while (!abort.signal.aborted) {
      isDue = new AbortController()
      const isRegistered = await register()
      if (isRegistered) registered.resolve()
      await sleep(clock, isRegistered ? lookAgainMs : retryMs, AbortSignal.any([isDue.signal, abort.signal]))
    }
  }
  const keeping = keepRegistered()

  return {
    port: server.port,
    registered: registered.promise,
    close: async () => {
      abort.abort()
      await keeping
      certificates.close()
      // With us the only one who answers at that address goes. In a cluster others may answer still.
      if (options.mode === 'url') await unregister(client, log)
      await server.close()
    },
  }
}

async function unregister(client: Client, log: Log): Promise<void> {
  try {
    await client.delete(resources.validatingWebhookConfigurations, { name: configurationName })
  } catch (error) {
    if (!isKubeError(error)) throw error
    if (error.code !== 'NotFound') log.warn('The registration of the webhook stays behind', { error: error.message })
  }
}

/**
 * All our kinds, in every version. On one machine the API server may start before us: what comes meanwhile is admitted, since
 * its schema is checked all the same. In a cluster it waits for one of us.
 */
function registration(options: WebhookOptions, port: number, authority: string | undefined): KubeObject {
  const caBundle = authority === undefined ? {} : { caBundle: Buffer.from(authority).toString('base64') }
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  const clientConfig =
    options.mode === 'url'
      ? { url: `https://${host}:${port}${path}`, ...caBundle }
      : {
          service: {
            namespace: options.service.namespace,
            name: options.service.name,
            port: options.service.port ?? 443,
            path,
          },
          ...caBundle,
        }
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: configurationName, labels: { 'app.kubernetes.io/part-of': 'millrace' } },
    webhooks: [
      {
        name: `validate.${configurationName}`,
        clientConfig,
        rules: [
          {
            apiGroups: [group],
            apiVersions: ['*'],
            operations: ['CREATE', 'UPDATE'],
            resources: kinds.map(({ plural }) => plural),
            scope: '*',
          },
        ],
        failurePolicy: options.mode === 'url' ? 'Ignore' : 'Fail',
        matchPolicy: 'Equivalent',
        sideEffects: 'None',
        timeoutSeconds: 10,
        admissionReviewVersions: ['v1'],
      },
    ],
  }
}
