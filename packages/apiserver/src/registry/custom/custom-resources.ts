import type { SubresourceInfo } from '../../builtin/resource-info.ts'
import { customPrinter } from '../../builtin/print-table.ts'
import type { TablePrinter } from '../../builtin/table-printer.ts'
import type { JsonSchema, Schema } from '../../schema/schema.ts'
import { bucketOf, type ScalePaths, type ServedResource } from '../served-resource.ts'
import { completeNames, type Crd, type CrdVersion } from './crd-spec.ts'
import { type Converter, createConverter } from './conversion.ts'
import { customBehaviour } from './custom-behaviour.ts'
import type { CallWebhook } from '../../admission/call-webhook.ts'

const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'] as const
const statusVerbs = ['get', 'patch', 'update'] as const

export interface CustomKindDeps {
  /** The store's revision when the definition came: older texts are pruned and completed again when read. */
  readonly schemaRevision: number
  /** Changes with everything about the definition but its status. */
  readonly digest: string
  /** The schema of a version as its author wrote it. */
  readonly schemaOf: (version: string) => JsonSchema
  readonly objectMeta: () => Schema
  readonly callWebhook: CallWebhook
  readonly retired: AbortSignal
}

/** Everything a CRD serves: one resource for each served version. Schemas are compiled when first asked for. */
export function customResources(crd: Crd, deps: CustomKindDeps): readonly ServedResource[] {
  const converter = createConverter(crd, deps.callWebhook)
  return crd.spec.versions
    .filter((version) => version.served)
    .map((version) => customResource(crd, version, converter, deps))
}

function customResource(crd: Crd, version: CrdVersion, converter: Converter, deps: CustomKindDeps): ServedResource {
  const { group, scope } = crd.spec
  const { plural, kind, singular = '', listKind = '', shortNames = [], categories = [] } = completeNames(crd.spec.names)
  const gvk = { group, version: version.name, kind }
  const namespaced = scope === 'Namespaced'
  let printer: TablePrinter | undefined
  return {
    gvk,
    plural,
    singular,
    listKind,
    namespaced,
    verbs,
    shortNames,
    categories,
    subresources: subresourcesOf(version, gvk),
    bucket: bucketOf(group, plural),
    storedAs: { ...gvk, version: crd.spec.versions.find(({ storage }) => storage)?.name ?? version.name },
    isTerminating: crd.metadata.deletionTimestamp !== undefined,
    ...(version.deprecated
      ? { deprecation: version.deprecationWarning ?? `${group}/${version.name} ${kind} is deprecated` }
      : {}),
    isCustom: true,
    retired: deps.retired,
    openApi: { digest: deps.digest, schema: () => deps.schemaOf(version.name) },
    get printer() {
      printer ??= customPrinter(version.additionalPrinterColumns ?? [])
      return printer
    },
    scale: scaleOf(version),
    behaviour: customBehaviour({ ...deps, crd, version, namespaced, converter }),
  }
}

function subresourcesOf({ subresources }: CrdVersion, gvk: ServedResource['gvk']): readonly SubresourceInfo[] {
  const found: SubresourceInfo[] = []
  if (subresources?.status) found.push({ name: 'status', gvk, verbs: statusVerbs })
  const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' }
  if (subresources?.scale) found.push({ name: 'scale', gvk: scale, verbs: statusVerbs })
  return found
}

function scaleOf({ subresources }: CrdVersion): ScalePaths | undefined {
  const scale = subresources?.scale
  if (!scale) return undefined
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale
  return { specReplicas: specReplicasPath, statusReplicas: statusReplicasPath, labelSelector: labelSelectorPath }
}
