import { group, type KindSource, objectSchema, type VersionSource } from '../kinds/kind-source.ts'
import { kinds } from '../kinds/kinds.ts'
import { compileSchema } from './compile-schema.ts'
import type { CustomResourceDefinition, CrdVersion } from './crd.ts'
import { type CrdVariant, openable, variantRules } from './crd-rules.ts'
import { annotationBytes, crdSize } from './crd-size.ts'

/** A CRD and what was decided while making it. */
export interface CompiledCrd {
  readonly crd: CustomResourceDefinition
  readonly variant: CrdVariant
  readonly annotationBytes: number
  /** Subtrees left open because of size, in the order in which they were given up. */
  readonly opened: readonly string[]
}

/** The CRDs of all kinds (or of `sources`). Throws where one cannot be brought within its budget, naming what is large. */
export function crds(variant: CrdVariant, sources: readonly KindSource[] = kinds): CustomResourceDefinition[] {
  return sources.map((source) => compileCrd(source, variant).crd)
}

/** Makes a CRD, opening subtrees by weight until it is within the variant's aim. */
export function compileCrd(source: KindSource, variant: CrdVariant): CompiledCrd {
  const rules = variantRules[variant]
  const candidates = [...openable].sort((a, b) => a.weight - b.weight)
  const opened: string[] = []
  for (;;) {
    const crd = crdOf(source, variant, opened)
    const bytes = annotationBytes(crd)
    const next = bytes > rules.bytesAim ? candidates.shift() : undefined
    if (!next) {
      if (bytes > rules.bytesMax) throw new Error(tooLarge(crd, variant, bytes, rules.bytesMax))
      return { crd, variant, annotationBytes: bytes, opened }
    }
    opened.push(next.path)
  }
}

function tooLarge(crd: CustomResourceDefinition, variant: CrdVariant, bytes: number, limit: number): string {
  const largest = crdSize(crd).largest.slice(0, 8)
  const lines = largest.map(({ path, bytes }) => `  ${String(bytes).padStart(8)}  ${path}`)
  return [
    `the ${variant} CRD ${crd.metadata.name} is ${bytes} bytes as kubectl's annotation, ${limit} are allowed; its largest subtrees:`,
    ...lines,
    'add the least missed one to openable in packages/api/src/crd/crd-rules.ts, or take words out of descriptions',
  ].join('\n')
}

function crdOf(source: KindSource, variant: CrdVariant, opened: readonly string[]): CustomResourceDefinition {
  const { kind, plural, singular, shortNames, categories } = source
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      labels: { 'app.kubernetes.io/part-of': 'millrace', 'millrace.dev/install-group': source.installGroup },
    },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        ...(shortNames.length > 0 ? { shortNames } : {}),
        ...(categories.length > 0 ? { categories } : {}),
      },
      scope: source.namespaced ? 'Namespaced' : 'Cluster',
      versions: source.versions.map((version) => crdVersion(source, version, variant, opened)),
    },
  }
}

function crdVersion(
  source: KindSource,
  version: VersionSource,
  variant: CrdVariant,
  opened: readonly string[],
): CrdVersion {
  const { descriptions, podFields, formats } = variantRules[variant]
  const openAPIV3Schema = compileSchema(objectSchema(source, version), { descriptions, podFields, formats, opened })
  return {
    name: version.name,
    served: version.served,
    storage: version.storage,
    schema: { openAPIV3Schema },
    ...(version.statusSubresource ? { subresources: { status: {} } } : {}),
    ...(version.printerColumns.length > 0 ? { additionalPrinterColumns: version.printerColumns } : {}),
  }
}
