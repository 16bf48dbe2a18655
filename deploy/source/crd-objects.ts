import { compileCrd, type CrdVariant, group, type InstallGroup, kinds, type KindSource } from '@millrace/api'
import { labelsOf, names } from './names.ts'
import { keep } from './shipped-objects.ts'
import type { Json } from './slot.ts'
import { injectFrom, injectKey } from './webhook-objects.ts'
import type { Values } from './values.ts'

export const installGroups: readonly InstallGroup[] = ['core', 'graph', 'multi-model', 'local-model']
export const crdVariants: readonly CrdVariant[] = ['full', 'minimal']

/** Where the controller answers ConversionReviews. */
const convertPath = '/convert'

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
 * The kind's CRD with what makes it one of an installation: kept by Helm, converted by our webhook, and only served in the
 * version that is stored unless previews are wanted. Kubernetes prefers v1 to v1beta1: were it served, `kubectl get`, the
 * garbage collector and the deletion of namespaces would all need our webhook.
 */
function installableCrd(source: KindSource, variant: CrdVariant, values: Values): InstallableCrd['crd'] {
  const { metadata, spec, ...crd } = JSON.parse(JSON.stringify(compileCrd(source, variant).crd)) as PlainCrd
  const isConverted = spec.versions.length > 1
  const inject = isConverted && values.certManager.enabled ? { [injectKey]: injectFrom(values) } : {}
  return {
    ...crd,
    metadata: {
      ...metadata,
      labels: { ...Object(metadata['labels']), ...labelsOf('crd') },
      annotations: { ...keep, ...inject },
    },
    spec: {
      ...spec,
      ...(isConverted ? { conversion: conversion(values) } : {}),
      versions: spec.versions.map((version) =>
        version.storage ? version : { ...version, served: values.crds.preview },
      ),
    },
  }
}

interface PlainCrd {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly [key: string]: Json }
  readonly spec: {
    readonly versions: readonly { readonly storage: boolean; readonly [key: string]: Json }[]
    readonly [key: string]: Json | readonly { readonly [key: string]: Json }[]
  }
}

function conversion({ namespace }: Values): Json {
  return {
    strategy: 'Webhook',
    webhook: {
      clientConfig: { service: { name: names.webhook, namespace, path: convertPath, port: 443 } },
      conversionReviewVersions: ['v1'],
    },
  }
}

/** Kinds that have another version beside the stored one. */
export const convertedKinds: readonly KindSource[] = kinds.filter(({ versions }) => versions.length > 1)
