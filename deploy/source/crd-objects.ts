import {
  compileCrd,
  type ConversionClient,
  type CrdVariant,
  group,
  hasPreview,
  type InstallGroup,
  kinds,
  type KindSource,
} from '@millrace/api'
import { convertPath } from '@millrace/controller'
import { labelsOf, names } from './names.ts'
import { keep } from './shipped-objects.ts'
import type { Json } from './json.ts'
import { injectFrom, injectKey } from './webhook-objects.ts'
import type { Values } from './values.ts'

export const installGroups: readonly InstallGroup[] = ['core', 'graph', 'multi-model', 'local-model']
export const crdVariants: readonly CrdVariant[] = ['full', 'minimal']

/** A CRD as it is installed, and the name of its file. */
export interface InstallableCrd {
  readonly file: string
  readonly crd: { readonly [key: string]: Json }
}

export function crdsOf(installGroup: InstallGroup, variant: CrdVariant, values: Values): readonly InstallableCrd[] {
  return kinds
    .filter((source) => source.installGroup === installGroup)
    .map((source) => ({ file: `${group}_${source.plural}.yaml`, crd: installableCrd(source, variant, values) }))
}

/**
 * The kind's CRD with what makes it one of an installation: kept by Helm and, with the versions in preview, converted by our
 * webhook. Kubernetes prefers v1 to v1beta1: where it is served, `kubectl get`, the garbage collector and the deletion of
 * namespaces all need our webhook, so it is there only for those who ask for it.
 */
function installableCrd(source: KindSource, variant: CrdVariant, values: Values): InstallableCrd['crd'] {
  const options = values.crds.preview ? { preview: { conversion: conversionClient(values) } } : {}
  const { apiVersion, kind, metadata, spec } = JSON.parse(
    JSON.stringify(compileCrd(source, variant, options).crd),
  ) as PlainCrd
  const inject = hasPreview(source) && values.certManager.enabled ? { [injectKey]: injectFrom(values) } : {}
  return {
    apiVersion,
    kind,
    metadata: {
      ...metadata,
      labels: { ...Object(metadata['labels']), ...labelsOf('crd') },
      annotations: { ...keep, ...inject },
    },
    spec,
  }
}

interface PlainCrd {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly [key: string]: Json }
  readonly spec: Json
}

function conversionClient({ namespace }: Values): ConversionClient {
  return { service: { name: names.webhook, namespace, path: convertPath, port: 443 } }
}

/** Kinds that have a version in preview. */
export const convertedKinds: readonly KindSource[] = kinds.filter(hasPreview)
