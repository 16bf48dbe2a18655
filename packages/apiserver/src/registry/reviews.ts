import { badRequest, invalid } from '../http/api-error.ts'
import { trackUpdate } from '../fields/managed-fields.ts'
import type { User } from '../http/authenticate.ts'
import { tokenIssuerName } from '../http/issue-tokens.ts'
import type { Answer } from '../http/respond.ts'
import { invalid as invalidField } from '../schema/field-error.ts'
import type { ApiRequest } from './api-request.ts'
import { ownershipContext } from './field-owner.ts'
import { isRecord, readObject } from './object-body.ts'
import { withNamespaceOfPath } from './object-name.ts'
import { type Platform, timestamp } from './platform.ts'
import type { AccessAttributes } from './rbac.ts'
import { parseWriteOptions } from './write-options.ts'

type Json = Record<string, unknown>
type Review = (platform: Platform, request: ApiRequest, spec: Json) => Json

/** Kinds that are asked by POST and answered at once, and never stored. */
const reviews: Readonly<Record<string, Review | undefined>> = {
  'selfsubjectreviews.authentication.k8s.io': () => ({}),
  'tokenreviews.authentication.k8s.io': reviewToken,
  'selfsubjectaccessreviews.authorization.k8s.io': (platform, { user }, spec) => reviewAccess(platform, user, spec),
  'subjectaccessreviews.authorization.k8s.io': (platform, _, spec) => reviewAccess(platform, subjectOf(spec), spec),
  'localsubjectaccessreviews.authorization.k8s.io': (platform, _, spec) =>
    reviewAccess(platform, subjectOf(spec), spec),
  'selfsubjectrulesreviews.authorization.k8s.io': reviewRules,
}

export function isReview(bucket: string): boolean {
  return Object.hasOwn(reviews, bucket)
}

/** POST of a review. */
export async function reviewVerb(platform: Platform, request: ApiRequest): Promise<Answer> {
  const { resource, user } = request
  const options = parseWriteOptions(request)
  const asked = withNamespaceOfPath(request, await readObject(request, options))
  const object = trackUpdate(undefined, asked, ownershipContext(platform, resource, options, ''))
  const isSelf = resource.gvk.kind === 'SelfSubjectReview'
  if (isSelf) {
    const { kind, apiVersion } = object
    const metadata = { creationTimestamp: timestamp(platform.now()) }
    return { code: 201, body: { kind, apiVersion, metadata, status: { userInfo: userInfo(user) } } }
  }
  const spec = isRecord(object['spec']) ? object['spec'] : {}
  if (resource.gvk.kind.endsWith('AccessReview')) checkAccessSpec(spec)
  return { code: 201, body: { ...object, status: reviews[resource.bucket]?.(platform, request, spec) ?? {} } }
}

/** Throws 422: a question is about a resource or about a path. */
function checkAccessSpec({ resourceAttributes, nonResourceAttributes }: Json): void {
  if (isRecord(resourceAttributes) !== isRecord(nonResourceAttributes)) return
  const both = isRecord(resourceAttributes)
  const field = both ? 'spec.nonResourceAttributes' : 'spec.resourceAttributes'
  const why = both
    ? 'cannot be specified in combination with resourceAttributes'
    : 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
  throw invalid('', 'authorization.k8s.io', '', [invalidField(field, both ? nonResourceAttributes : null, why)])
}

function userInfo({ username, uid, groups, extra }: User): Json {
  return { username, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) }
}

function reviewToken({ authenticate }: Platform, _: ApiRequest, spec: Json): Json {
  const user = authenticate(String(spec['token'] ?? ''))
  if (!user) return { user: {}, error: 'invalid bearer token' }
  const audiences = Array.isArray(spec['audiences']) ? spec['audiences'] : [tokenIssuerName]
  return { authenticated: true, user: userInfo(user), audiences }
}

function subjectOf(spec: Json): User {
  const groups = Array.isArray(spec['groups']) ? spec['groups'].map(String) : []
  return { username: String(spec['user'] ?? ''), uid: String(spec['uid'] ?? ''), groups }
}

function reviewAccess({ authorizer }: Platform, user: User, spec: Json): Json {
  const { allowed, reason } = authorizer.decide(user, attributesOf(spec))
  return { allowed, ...(reason ? { reason } : {}) }
}

function attributesOf(spec: Json): AccessAttributes {
  const path = isRecord(spec['nonResourceAttributes']) ? spec['nonResourceAttributes'] : undefined
  const given = isRecord(spec['resourceAttributes']) ? spec['resourceAttributes'] : {}
  const text = (from: Json, name: string): string => (typeof from[name] === 'string' ? from[name] : '')
  const empty = { group: '', resource: '', subresource: '', namespace: '', name: '' }
  if (path) return { ...empty, verb: text(path, 'verb'), nonResourcePath: text(path, 'path') }
  const [verb = '', group = '', resource = '', subresource = '', namespace = '', name = ''] = [
    'verb',
    'group',
    'resource',
    'subresource',
    'namespace',
    'name',
  ].map((field) => text(given, field))
  return { verb, group, resource, subresource, namespace, name }
}

function reviewRules({ authorizer }: Platform, { user }: ApiRequest, spec: Json): Json {
  const namespace = String(spec['namespace'] ?? '')
  if (!namespace) throw badRequest('no namespace on request')
  const rules = authorizer.rulesFor(user, namespace)
  const resourceRules = rules.filter(({ resources }) => resources?.length)
  const nonResourceRules = rules.filter(({ nonResourceURLs }) => nonResourceURLs?.length)
  return { resourceRules, nonResourceRules, incomplete: false }
}
