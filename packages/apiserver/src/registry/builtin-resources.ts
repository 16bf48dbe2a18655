import type { Catalog } from '../builtin/catalog.ts'
import type { ResourceInfo } from '../builtin/resource-info.ts'
import { builtinPrinter } from '../builtin/print-table.ts'
import { builtinBehaviour } from './builtin-behaviour.ts'
import { storedGvk } from './builtin-conversion.ts'
import { bucketOf, type ScalePaths, type ServedResource } from './served-resource.ts'

const scalePaths: ScalePaths = {
  specReplicas: '.spec.replicas',
  statusReplicas: '.status.replicas',
  labelSelector: '.spec.selector',
}

/** What clients of a kind are told: in Kubernetes' words, or that it is kept and not acted upon. */
const deprecations: Readonly<Record<string, string>> = {
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': 'this server stores policies, but does not enforce them',
  '/Endpoints': 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  '/ComponentStatus': 'v1 ComponentStatus is deprecated in v1.19+',
}

/** What the catalog lists, ready to be served. Schemas and printers are made when first asked for. */
export function builtinResources(catalog: Catalog): readonly ServedResource[] {
  return catalog.resources.map((info) => servedResource(catalog, info))
}

function servedResource(catalog: Catalog, info: ResourceInfo): ServedResource {
  const { gvk, plural, namespaced, subresources } = info
  const behaviour = builtinBehaviour(catalog, gvk, namespaced)
  let printer: ServedResource['printer'] | undefined
  return {
    ...info,
    listKind: `${gvk.kind}List`,
    bucket: bucketOf(storedGvk(gvk).group, plural),
    storedAs: storedGvk(gvk),
    ...(deprecations[`${gvk.group}/${gvk.kind}`]
      ? { deprecation: deprecations[`${gvk.group}/${gvk.kind}`] ?? '' }
      : {}),
    isCustom: false,
    get printer() {
      printer ??= builtinPrinter(gvk)
      return printer
    },
    scale: subresources.some(({ name }) => name === 'scale') ? scalePaths : undefined,
    behaviour,
  }
}
