import { invalid } from '../../http/api-error.ts'
import { tokenIssuerName } from '../../http/issue-tokens.ts'
import type { Answer } from '../../http/respond.ts'
import type { KubeObject } from '@millrace/kube'
import { invalid as invalidField } from '../../schema/field-error.ts'
import type { ApiRequest } from '../api-request.ts'
import { findEntry } from '../get.ts'
import { isRecord, readBodyValue } from '../object-body.ts'
import { type Platform, timestamp } from '../platform.ts'

const secondsDefault = 3600
const secondsMin = 600
const secondsMax = 2 ** 32

/** POST of a TokenRequest to a ServiceAccount. */
export async function createServiceAccountToken(platform: Platform, request: ApiRequest): Promise<Answer> {
  const { path, resource } = request
  const { value } = await readBodyValue(request)
  const spec = isRecord(value) && isRecord(value['spec']) ? value['spec'] : {}
  const seconds = typeof spec['expirationSeconds'] === 'number' ? spec['expirationSeconds'] : secondsDefault
  if (seconds < secondsMin || seconds > secondsMax) {
    const why =
      seconds < secondsMin
        ? 'may not specify a duration less than 10 minutes'
        : 'may not specify a duration larger than 2^32 seconds'
    throw invalid('TokenRequest', 'authentication.k8s.io', '', [invalidField('spec.expirationSeconds', seconds, why)])
  }
  const { metadata } = JSON.parse(findEntry(platform.store, resource, path.namespace, path.name).value) as KubeObject
  const given = Array.isArray(spec['audiences']) ? spec['audiences'].map(String) : []
  const audiences = given.length > 0 ? given : [tokenIssuerName]
  const expiresAtMs = platform.now().getTime() + seconds * 1000
  const claims = { namespace: path.namespace, name: path.name, uid: metadata.uid ?? '', audiences, expiresAtMs }
  return {
    code: 201,
    body: {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name: path.name, namespace: path.namespace, creationTimestamp: timestamp(platform.now()) },
      spec: { boundObjectRef: null, ...spec, audiences, expirationSeconds: seconds },
      status: { token: platform.tokens.issue(claims), expirationTimestamp: timestamp(new Date(expiresAtMs)) },
    },
  }
}
