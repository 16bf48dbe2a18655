import type { KubeObject } from '@millrace/kube'
import { fromLabelSelectorObject, matchesLabels } from '../registry/selector.ts'
import type { ServedResource } from '../registry/served-resource.ts'
import type { Review } from './admission.ts'
import type { Webhook, WebhookRule } from './webhook-configuration.ts'

/** Labels of a namespace; undefined when it does not exist. */
export type NamespaceLabels = (name: string) => Readonly<Record<string, string>> | undefined

/**
 * The version of the resource in which the webhook wants to see the object; undefined when it does not want to. With
 * matchPolicy Equivalent (the default) a rule for another version of the same resource counts.
 */
export function matchingResource(
  webhook: Webhook,
  review: Review,
  versions: readonly ServedResource[],
): ServedResource | undefined {
  const { resource } = review.request
  const matches = (candidate: ServedResource): boolean =>
    webhook.rules?.some((rule) => matchesRule(rule, review, candidate)) ?? false
  if (matches(resource)) return resource
  if (webhook.matchPolicy === 'Exact') return undefined
  return versions.find((candidate) => candidate !== resource && matches(candidate))
}

function matchesRule(rule: WebhookRule, review: Review, { gvk, plural, namespaced }: ServedResource): boolean {
  const has = (list: readonly string[] | undefined, value: string): boolean =>
    list?.some((item) => item === '*' || item === value) ?? false
  const isInScope = !rule.scope || rule.scope === '*' || rule.scope === (namespaced ? 'Namespaced' : 'Cluster')
  return (
    isInScope &&
    has(rule.operations, review.operation) &&
    has(rule.apiGroups, gvk.group) &&
    has(rule.apiVersions, gvk.version) &&
    (rule.resources?.some((pattern) => matchesResource(pattern, plural, review.subresource)) ?? false)
  )
}

/** `pods`, `pods/status`, `pods/*`, a star for either part. */
function matchesResource(pattern: string, plural: string, subresource: string): boolean {
  const [wantedPlural, wantedSub] = pattern.split('/')
  const isPlural = wantedPlural === '*' || wantedPlural === plural
  if (wantedSub === undefined) return isPlural && subresource === ''
  return isPlural && (wantedSub === '*' || wantedSub === subresource)
}

/** namespaceSelector and objectSelector. */
export function matchesSelectors(
  webhook: Webhook,
  { request, old }: Review,
  object: KubeObject | undefined,
  namespaceLabels: NamespaceLabels,
): boolean {
  const { resource, path } = request
  if (webhook.namespaceSelector && Object.keys(webhook.namespaceSelector).length > 0) {
    const selector = fromLabelSelectorObject(webhook.namespaceSelector)
    const isNamespace = resource.bucket === 'namespaces'
    const labels = isNamespace ? (object ?? old)?.metadata.labels : namespaceLabels(path.namespace)
    if ((isNamespace || resource.namespaced) && !matchesLabels(selector, labels)) return false
  }
  if (!webhook.objectSelector || Object.keys(webhook.objectSelector).length === 0) return true
  const selector = fromLabelSelectorObject(webhook.objectSelector)
  return [object, old].some((candidate) => candidate && matchesLabels(selector, candidate.metadata.labels))
}
