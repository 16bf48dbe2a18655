import { group, kinds } from '@millrace/api'
import {
  type Admit,
  applyObjects,
  type Client,
  type Clock,
  isKubeError,
  type KubeObject,
  type Log,
  type Resource,
  resources,
  sleep,
  startAdmissionServer,
} from '@millrace/kube'
import type { WebhookOptions } from './webhook-options.ts'
import { completedPodLabels } from './complete-pods.ts'
import { keepConversionAddress } from './conversion-address.ts'
import { convert, convertPath } from './convert.ts'
import { fieldManager } from './field-manager.ts'
import { fillInAuthority } from './fill-in-authority.ts'
import type { Keeper } from './keep-written.ts'
import { type Certificates, obtainCertificates } from './webhook-certificates.ts'

export interface Webhook {
  readonly port: number
  /** Resolves when the API server has been told to ask us. */
  readonly registered: Promise<void>
  close(): Promise<void>
}

/** Where admission reviews are answered. */
export const validatePath = '/validate'
/** Where the pods of Knative mode are finished. */
export const completePodsPath = '/complete-pods'
export const configurationName = 'millrace.serving.kserve.io'
const retryMs = 2_000
const lookAgainMs = 60_000

/**
 * Serves validation, pods and conversion, and sees to it that the API server asks us: on one machine by writing registrations
 * and our address for conversions, in a cluster by filling our authority into what was installed, unless somebody else's
 * certificate is served.
 */
export async function startWebhook(
  client: Client,
  options: WebhookOptions,
  context: {
    readonly admit: Admit
    readonly completePods: Admit
    readonly onRequest: (path: string) => (httpStatus: number) => void
    readonly onCertificateRead: (isUsable: boolean) => void
    readonly clock: Clock
    readonly random: () => number
    readonly log: Log
  },
): Promise<Webhook> {
  const { clock, random, log } = context
  const onRead = context.onCertificateRead
  const certificates = await obtainCertificates(client, options, { clock, random, log, onRead })
  const server = await startAdmissionServer({
    host: options.host,
    port: options.port,
    certificate: certificates.current()?.pair,
    handlers: {
      [validatePath]: { type: 'admission', admit: context.admit },
      [completePodsPath]: { type: 'admission', admit: context.completePods },
      [convertPath]: { type: 'conversion', convert },
    },
    onRequest: context.onRequest,
    log,
  })
  const tie = tieToServer(client, options, { port: server.port, certificates, clock, log })
  certificates.onChange(() => {
    const current = certificates.current()
    if (current) server.setCertificate(current.pair)
    tie.changed()
  })
  return {
    port: server.port,
    registered: tie.done,
    close: async () => {
      await tie.close()
      await certificates.close()
      // With us the only one who answers at that address goes. In a cluster others may answer still.
      if (options.mode === 'url') await unregister(client, log)
      await server.close()
    },
  }
}

interface TieContext {
  readonly port: number
  readonly certificates: Certificates
  readonly clock: Clock
  readonly log: Log
}

function tieToServer(client: Client, options: WebhookOptions, context: TieContext): Keeper {
  const { certificates, clock, log } = context
  if (options.mode === 'url') {
    const conversion = keepConversionAddress(client, {
      client: () => addressOf(options, context.port, convertPath, certificates.current()?.authority),
      clock,
      log,
    })
    return both(keepRegistered(client, options, context), conversion)
  }
  if (options.certDir !== undefined)
    return { done: Promise.resolve(), changed: () => {}, close: () => Promise.resolve() }
  const authority = () => certificates.current()?.authority
  return fillInAuthority(client, { configurationName, service: options.service, authority, clock, log })
}

function both(one: Keeper, other: Keeper): Keeper {
  return {
    done: Promise.all([one.done, other.done]).then(() => {}),
    changed: () => {
      one.changed()
      other.changed()
    },
    close: async () => {
      await Promise.all([one.close(), other.close()])
    },
  }
}

/** How the API server of one machine calls us. */
function addressOf(
  { host }: WebhookOptions,
  port: number,
  path: string,
  authority: string | undefined,
): { readonly url: string; readonly caBundle?: string } {
  const written = host.includes(':') ? `[${host}]` : host
  const caBundle = authority === undefined ? {} : { caBundle: Buffer.from(authority).toString('base64') }
  return { url: `https://${written}:${port}${path}`, ...caBundle }
}

function keepRegistered(
  client: Client,
  options: WebhookOptions & { readonly mode: 'url' },
  { port, certificates, clock, log }: TieContext,
): Keeper {
  const abort = new AbortController()
  const registered = Promise.withResolvers<void>()
  let due = new AbortController()
  const run = async () => {
    while (!abort.signal.aborted) {
      due = new AbortController()
      const wanted = registrations(options, port, certificates.current()?.authority)
      const isRegistered = await register(client, wanted, { log, signal: abort.signal })
      if (isRegistered) registered.resolve()
      await sleep(clock, isRegistered ? lookAgainMs : retryMs, AbortSignal.any([due.signal, abort.signal]))
    }
  }
  const running = run()
  return {
    done: registered.promise,
    changed: () => due.abort(),
    close: async () => {
      abort.abort()
      await running
    },
  }
}

async function register(
  client: Client,
  wanted: readonly KubeObject[],
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<boolean> {
  const results = await applyObjects(client, wanted, {
    fieldManager,
    resourceOf: ({ kind }) => registered.find((resource) => resource.kind === kind),
    live: async (resource, name) => {
      try {
        return await client.get(resource, name, { signal })
      } catch (error) {
        if (isKubeError(error, 'NotFound')) return undefined
        throw error
      }
    },
    signal,
  })
  for (const { object, action, error } of results) {
    if (error && !signal.aborted) log.warn('The webhook is not registered', { kind: object.kind, error: error.message })
    if (action !== 'failed' && action !== 'unchanged')
      log.info('The webhook is registered', { kind: object.kind, name: configurationName, action })
  }
  return results.every(({ action }) => action !== 'failed')
}

/** Kinds in which an API server is told whom to ask. */
const registered: readonly Resource[] = [
  resources.validatingWebhookConfigurations,
  resources.mutatingWebhookConfigurations,
]

async function unregister(client: Client, log: Log): Promise<void> {
  for (const resource of registered) {
    try {
      await client.delete(resource, { name: configurationName })
    } catch (error) {
      if (!isKubeError(error)) throw error
      if (error.code !== 'NotFound')
        log.warn('The registration of the webhook stays behind', { kind: resource.kind, error: error.message })
    }
  }
}

/** All our kinds, in every version. */
export const validatedRules = [
  {
    apiGroups: [group],
    apiVersions: ['*'],
    operations: ['CREATE', 'UPDATE'],
    resources: kinds.map(({ plural }) => plural),
    scope: '*',
  },
]

/** Pods that Knative makes of our revisions, when they are made. Others never wait for us. */
export const completedPods = {
  rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' }],
  objectSelector: { matchExpressions: completedPodLabels.map((key) => ({ key, operator: 'Exists' })) },
  // Without us such a pod would run without its model, and say that it is ready: better that it comes later.
  failurePolicy: 'Fail',
  // Istio may add its proxy after us, and what downloads must then run as its user.
  reinvocationPolicy: 'IfNeeded',
  matchPolicy: 'Equivalent',
  sideEffects: 'None',
  timeoutSeconds: 10,
  admissionReviewVersions: ['v1'],
}

function registrations(
  options: WebhookOptions & { readonly mode: 'url' },
  port: number,
  authority: string | undefined,
): readonly KubeObject[] {
  const name = `complete-pods.${configurationName}`
  const clientConfig = addressOf(options, port, completePodsPath, authority)
  return [
    validation(options, port, authority),
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: configurationName, labels: { 'app.kubernetes.io/part-of': 'millrace' } },
      webhooks: [{ name, clientConfig, ...completedPods }],
    },
  ]
}

/** The API server may start before us: what comes meanwhile is admitted, since its schema is checked all the same. */
function validation(
  options: WebhookOptions & { readonly mode: 'url' },
  port: number,
  authority: string | undefined,
): KubeObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: configurationName, labels: { 'app.kubernetes.io/part-of': 'millrace' } },
    webhooks: [
      {
        name: `validate.${configurationName}`,
        clientConfig: addressOf(options, port, validatePath, authority),
        rules: validatedRules,
        failurePolicy: 'Ignore',
        matchPolicy: 'Equivalent',
        sideEffects: 'None',
        timeoutSeconds: 10,
        admissionReviewVersions: ['v1'],
      },
    ],
  }
}
