import { randomUUID } from 'node:crypto'
import type { KubeObject } from '@millrace/kube'
import type { CallWebhook } from '../../admission/call-webhook.ts'
import { internalError } from '../../http/api-error.ts'
import { isRecord } from '../object-body.ts'
import type { ConversionWebhook, Crd } from './crd-spec.ts'
import { reviewVersions } from './validate-crd.ts'

/** Moves custom objects between the versions of their CRD. */
export interface Converter {
  readonly storageApiVersion: string
  /** In the order given. Throws 500 when the webhook fails or breaks its promises. */
  convert(objects: readonly KubeObject[], apiVersion: string, signal: AbortSignal): Promise<readonly KubeObject[]>
}

export function createConverter(crd: Crd, callWebhook: CallWebhook): Converter {
  const { group, versions, conversion } = crd.spec
  const storage = versions.find((version) => version.storage) ?? versions[0]
  const webhook = conversion?.strategy === 'Webhook' ? conversion.webhook : undefined
  return {
    storageApiVersion: `${group}/${storage?.name ?? ''}`,
    convert: async (objects, apiVersion, signal) => {
      const isForeign = (object: KubeObject): boolean => object.apiVersion !== apiVersion
      if (!webhook) return objects.map((object) => (isForeign(object) ? { ...object, apiVersion } : object))
      const foreign = objects.filter(isForeign)
      if (foreign.length === 0) return objects
      const converted = await callConversion(webhook, callWebhook, foreign, apiVersion, signal)
      let next = 0
      return objects.map((object) => (isForeign(object) ? (converted[next++] ?? object) : object))
    },
  }
}

const conversionTimeoutMs = 30_000

async function callConversion(
  webhook: ConversionWebhook,
  callWebhook: CallWebhook,
  objects: readonly KubeObject[],
  apiVersion: string,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const uid = randomUUID()
  const version = reviewVersions.find((known) => webhook.conversionReviewVersions.includes(known)) ?? 'v1'
  const review = {
    kind: 'ConversionReview',
    apiVersion: `apiextensions.k8s.io/${version}`,
    request: { uid, desiredAPIVersion: apiVersion, objects },
  }
  const from = objects[0]?.apiVersion ?? ''
  const head = `conversion webhook for ${from}, Kind=${objects[0]?.kind ?? ''} failed`
  const answer = await callWebhook(webhook.clientConfig, review, { timeoutMs: conversionTimeoutMs, signal }).catch(
    (error: unknown) => {
      throw internalError(`${head}: ${error instanceof Error ? error.message : String(error)}`)
    },
  )
  const response = isRecord(answer) && isRecord(answer['response']) ? answer['response'] : {}
  if (response['uid'] !== uid) throw internalError(`${head}: the answer's uid is not the request's`)
  const result = isRecord(response['result']) ? response['result'] : {}
  if (result['status'] !== 'Success') throw internalError(`${head}: ${String(result['message'] ?? 'no reason given')}`)
  const converted = response['convertedObjects']
  if (!Array.isArray(converted) || converted.length !== objects.length) {
    throw internalError(`${head}: it must answer ${objects.length} objects`)
  }
  return converted.map((object, position) => checkConverted(object, objects[position], apiVersion, head))
}

/** A conversion may change labels and annotations, and nothing else about identity. */
function checkConverted(
  object: unknown,
  original: KubeObject | undefined,
  apiVersion: string,
  head: string,
): KubeObject {
  if (!isRecord(object) || !isRecord(object['metadata']) || !original)
    throw internalError(`${head}: no object in the answer`)
  if (object['apiVersion'] !== apiVersion || object['kind'] !== original.kind) {
    throw internalError(`${head}: it answered ${String(object['apiVersion'])}, Kind=${String(object['kind'])}`)
  }
  const { labels, annotations, name, namespace, uid } = object['metadata'] as KubeObject['metadata']
  const { metadata } = original
  if (name !== metadata.name || namespace !== metadata.namespace || uid !== metadata.uid) {
    throw internalError(`${head}: it must not change name, namespace or uid`)
  }
  const { labels: _1, annotations: _2, ...kept } = metadata
  const merged = { ...kept, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) }
  return { ...object, apiVersion, kind: original.kind, metadata: merged }
}
