import { randomUUID } from 'node:crypto'
import type { KubeObject } from '@millrace/kube'
import { ApiError, badRequest, internalError } from '../http/api-error.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { isDeepEqual } from '../registry/field-owner.ts'
import { inVersion } from '../registry/in-version.ts'
import type { Log } from '@millrace/kube'
import type { ResourceTable } from '../registry/resource-table.ts'
import type { ServedResource } from '../registry/served-resource.ts'
import type { Admission, Review } from './admission.ts'
import { admissionRequest, type AdmissionResponse, denial, parseAdmissionResponse } from './admission-review.ts'
import type { CallWebhook } from './call-webhook.ts'
import type { MeetsConditions } from './match-conditions.ts'
import { matchesSelectors, matchingResource, type NamespaceLabels } from './match-webhook.ts'
import { mutatingBucket, validatingBucket, type Webhook } from './webhook-configuration.ts'

export interface WebhookAdmissionDeps {
  readonly mutating: () => readonly Webhook[]
  readonly validating: () => readonly Webhook[]
  readonly call: CallWebhook
  readonly resources: ResourceTable
  readonly namespaceLabels: NamespaceLabels
  readonly meetsConditions: MeetsConditions
  readonly log: Log
}

const timeoutSecondsDefault = 10
/** What asks or configures admission is never put to it. */
const exemptBuckets: ReadonlySet<string> = new Set([mutatingBucket, validatingBucket])

/** Admission by webhooks: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ */
export function webhookAdmission(deps: WebhookAdmissionDeps): Admission {
  return {
    mutate: async (review, object) => {
      const webhooks = deps.mutating()
      if (webhooks.length === 0 || exemptBuckets.has(review.request.resource.bucket)) return object
      return mutateAll(deps, webhooks, review, object)
    },
    validate: async (review, object) => {
      const webhooks = deps.validating()
      if (webhooks.length === 0 || exemptBuckets.has(review.request.resource.bucket)) return
      const verdicts = await Promise.allSettled(webhooks.map((webhook) => ask(deps, webhook, review, object)))
      const refused = verdicts.find((verdict) => verdict.status === 'rejected')
      if (refused) throw refused.reason
    },
  }
}

/** One after the other; webhooks that want to be asked again are, once, when a later one has changed the object. */
async function mutateAll<T extends KubeObject | undefined>(
  deps: WebhookAdmissionDeps,
  webhooks: readonly Webhook[],
  review: Review,
  object: T,
): Promise<T> {
  let present = object
  const seen = new Map<Webhook, KubeObject | undefined>()
  const pass = async (chosen: readonly Webhook[]): Promise<void> => {
    for (const webhook of chosen) {
      const answered = await ask(deps, webhook, review, present)
      if (!answered) continue
      if (answered.patch !== undefined && present) present = patched(webhook, review, answered, present) as T
      seen.set(webhook, present)
    }
  }
  await pass(webhooks)
  const again = webhooks.filter(
    (webhook) =>
      webhook.reinvocationPolicy === 'IfNeeded' && seen.has(webhook) && !isDeepEqual(seen.get(webhook), present),
  )
  await pass(again)
  return present
}

type Answered = AdmissionResponse & { readonly seenAs: ServedResource; readonly shown: KubeObject | undefined }

/** Undefined when the webhook is not concerned, or failed and may be ignored. Throws its refusal. */
async function ask(
  deps: WebhookAdmissionDeps,
  webhook: Webhook,
  review: Review,
  object: KubeObject | undefined,
): Promise<Answered | undefined> {
  const { request, dryRun } = review
  const versions = deps.resources.all().filter(({ bucket }) => bucket === request.resource.bucket)
  const seenAs = matchingResource(webhook, review, versions)
  if (!seenAs || !matchesSelectors(webhook, review, object, deps.namespaceLabels)) return undefined
  const shown = object && (await inVersion(object, request.resource, seenAs, request.signal))
  const old = review.old && (await inVersion(review.old, request.resource, seenAs, request.signal))
  const uid = randomUUID()
  const body = admissionRequest(review, seenAs, { object: shown, old }, uid)
  if (!(await deps.meetsConditions(webhook, body))) return undefined
  if (dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') {
    throw badRequest(`admission webhook "${webhook.name}" does not support dry run`)
  }
  const answered = await callOne(deps, webhook, body, uid, request.signal)
  if (!answered) return undefined
  for (const warning of answered.warnings) request.warn(warning)
  if (!answered.allowed) throw denial(webhook.name, answered.status)
  return { ...answered, seenAs, shown }
}

async function callOne(
  deps: WebhookAdmissionDeps,
  webhook: Webhook,
  body: Record<string, unknown>,
  uid: string,
  signal: AbortSignal,
): Promise<AdmissionResponse | undefined> {
  const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: body }
  const timeoutMs = (webhook.timeoutSeconds ?? timeoutSecondsDefault) * 1000
  try {
    return parseAdmissionResponse(await deps.call(webhook.clientConfig, review, { timeoutMs, signal }), uid)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    if (webhook.failurePolicy === 'Ignore') {
      deps.log.warn('webhook failed and was ignored', { webhook: webhook.name, error: why })
      return undefined
    }
    throw internalError(`failed calling webhook "${webhook.name}": ${why}`)
  }
}

/** The object with the webhook's patch, decoded and completed again. */
function patched(webhook: Webhook, { request }: Review, answered: Answered, object: KubeObject): KubeObject {
  if (answered.seenAs !== request.resource) {
    throw internalError(
      `webhook "${webhook.name}" patched version ${answered.seenAs.gvk.version}, which is not the request's`,
    )
  }
  const result = applyJsonPatch(object, answered.patch)
  if (!result.ok)
    throw internalError(`webhook "${webhook.name}" returned a patch that does not apply: ${result.message}`)
  try {
    return request.resource.behaviour.decode(result.value).object
  } catch (error) {
    if (error instanceof ApiError)
      throw internalError(`webhook "${webhook.name}" made an object that is no longer valid: ${error.message}`)
    throw error
  }
}
