import type { KubeObject } from '@millrace/kube'
import { badRequest } from '../http/api-error.ts'
import type { Entry } from '../store/store.ts'
import {
  type FieldSelector,
  type LabelSelector,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
} from './selector.ts'
import type { ServedResource } from './served-resource.ts'

/** Which entries a list or watch is about. */
export interface EntryFilter {
  /** `namespace/`, or '' for all namespaces and cluster-scoped resources. */
  readonly prefix: string
  /** Selects by more than the prefix. */
  readonly isSelective: boolean
  matches(entry: Entry): boolean
}

interface SelectableParts {
  readonly labels: Readonly<Record<string, string>> | undefined
  readonly fields: Readonly<Record<string, string>>
}

/** What selectors look at, computed once for each stored state and shared by all watchers. */
const selectableParts = new WeakMap<Entry, SelectableParts>()

/** From `labelSelector` and `fieldSelector` of a query. Throws 400 for a syntax error or an unknown field. */
export function parseEntryFilter(
  resource: ServedResource,
  namespace: string,
  name: string,
  query: URLSearchParams,
): EntryFilter {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '')
  const parsed = parseFieldSelector(query.get('fieldSelector') ?? '')
  checkFieldNames(resource, parsed)
  const named = name ? [{ field: 'metadata.name', value: name, isNegated: false }] : []
  return createEntryFilter(resource, namespace, labels, { requirements: [...parsed.requirements, ...named] })
}

function createEntryFilter(
  resource: ServedResource,
  namespace: string,
  labels: LabelSelector,
  fields: FieldSelector,
): EntryFilter {
  const place = resource.namespaced && namespace ? `${namespace}/` : ''
  // One object asked for by name is found without looking at the others.
  const only = fields.requirements.find(({ field, isNegated }) => field === 'metadata.name' && !isNegated)
  const isPlaced = place !== '' || !resource.namespaced
  const prefix = only && isPlaced ? `${place}${only.value}` : place
  const isSelective = labels.requirements.length > 0 || fields.requirements.length > 0
  return {
    prefix,
    isSelective,
    matches: (entry) => {
      if (prefix && !entry.key.startsWith(prefix)) return false
      if (!isSelective) return true
      const parts = partsOf(resource, entry)
      return matchesLabels(labels, parts.labels) && matchesFields(fields, parts.fields)
    },
  }
}

function partsOf(resource: ServedResource, entry: Entry): SelectableParts {
  const known = selectableParts.get(entry)
  if (known) return known
  const object = JSON.parse(entry.value) as KubeObject
  const { name = '', namespace = '', labels } = object.metadata
  const own = resource.behaviour.selectableFields(object)
  const parts = { labels, fields: { 'metadata.name': name, 'metadata.namespace': namespace, ...own } }
  selectableParts.set(entry, parts)
  return parts
}

function checkFieldNames(resource: ServedResource, selector: FieldSelector): void {
  const known = new Set(['metadata.name', 'metadata.namespace', ...resource.behaviour.selectableFieldNames])
  const unknown = selector.requirements.find(({ field }) => !known.has(field))
  if (!unknown) return
  if (resource.behaviour.selectableFieldNames.length === 0 && !resource.isCustom) {
    const only = 'only "metadata.name", "metadata.namespace"'
    throw badRequest(`${JSON.stringify(unknown.field)} is not a known field selector: ${only}`)
  }
  throw badRequest(`field label not supported: ${unknown.field}`)
}
