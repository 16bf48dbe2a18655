import { request as send } from 'node:https'
import type { TestContext } from 'node:test'
import { resources } from '@millrace/kube'
import { type ControllerOptions, startController, type WebhookOptions } from '../src/index.ts'
import { createServingCluster, type MemoryCluster } from './memory-cluster.ts'

export const configurationName = 'millrace.serving.kserve.io'

/** A controller with its webhook, on a cluster in memory. */
export async function serve(
  t: TestContext,
  webhook: WebhookOptions,
  options: Partial<ControllerOptions> = {},
  prepare: (cluster: MemoryCluster) => void = () => {},
) {
  const cluster = createServingCluster()
  prepare(cluster)
  const controller = await startController({ client: cluster.client, webhook, ...options })
  t.after(() => controller.close())
  await controller.ready
  const registration = () => {
    const webhooks = cluster.get(resources.validatingWebhookConfigurations, undefined, configurationName)?.['webhooks']
    return Object(webhooks)[0] as {
      clientConfig: { url?: string; service?: object; caBundle?: string }
      failurePolicy: string
      rules: [{ resources: string[] }]
    }
  }
  return { cluster, controller, registration }
}

export interface Review {
  readonly allowed: boolean
  readonly status?: { readonly message: string; readonly code: number }
  readonly warnings?: readonly string[]
}

/** Asks as the API server does: at the registered address, trusting the registered authority. */
export function ask(
  clientConfig: { url?: string; caBundle?: string },
  request: object,
  /** The name that the certificate is for; absent: the address. */
  servername?: string,
): Promise<Review> {
  const url = new URL(clientConfig.url ?? '')
  const ca = Buffer.from(clientConfig.caBundle ?? '', 'base64').toString()
  return new Promise((resolve, reject) => {
    const outgoing = send(
      {
        hostname: url.hostname,
        port: url.port,
        path: url.pathname,
        method: 'POST',
        ca,
        agent: false,
        ...(servername && { servername }),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve(JSON.parse(String(Buffer.concat(chunks))).response))
      },
    )
    outgoing.on('error', reject)
    outgoing.end(
      JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        request: { uid: 'u', operation: 'CREATE', namespace: 'default', ...request },
      }),
    )
  })
}

export const local: WebhookOptions = { mode: 'url', host: '127.0.0.1', port: 0 }
