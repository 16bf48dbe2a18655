import { group, type KindSource, objectSchema, type VersionSource } from '../kinds/kind-source.ts'
import { kinds } from '../kinds/kinds.ts'
import { compileSchema } from './compile-schema.ts'
import type { ConversionClient, CrdConversion, CustomResourceDefinition, CrdVersion } from './crd.ts'
import { type CrdVariant, type Sacrifice, sacrifices, variantRules } from './crd-rules.ts'
import { annotationBytes, crdSize } from './crd-size.ts'

/** A CRD and what was decided while making it. */
export interface CompiledCrd {
  readonly crd: CustomResourceDefinition
  readonly variant: CrdVariant
  readonly annotationBytes: number
  /** What was given up because of size, in that order: `v1 status`, `affinity`, `rules`. */
  readonly givenUp: readonly string[]
}

export interface CrdOptions {
  /** With the versions in preview, and who converts them. Absent: with the stored versions alone. */
  readonly preview?: { readonly conversion: ConversionClient }
}

/** The CRDs of all kinds (or of `sources`). Throws where one cannot be brought within its budget, naming what is large. */
export function crds(
  variant: CrdVariant,
  sources: readonly KindSource[] = kinds,
  options: CrdOptions = {},
): CustomResourceDefinition[] {
  return sources.map((source) => compileCrd(source, variant, options).crd)
}

/** Whether a kind has a version in preview. */
export function hasPreview({ versions }: KindSource): boolean {
  return versions.some(({ isPreview }) => isPreview)
}

/**
 * Makes a CRD within the variant's aim, as far as the table of sacrifices goes: the least missed are given up first, and what
 * turns out to fit all the same, or to save nothing, is taken back.
 */
export function compileCrd(source: KindSource, variant: CrdVariant, options: CrdOptions = {}): CompiledCrd {
  const { bytesMax, bytesAim, bytesAimWithPreview } = variantRules[variant]
  const conversion = hasPreview(source) ? options.preview?.conversion : undefined
  const aim = conversion ? bytesAimWithPreview : bytesAim
  const versions = source.versions.filter((version) => conversion !== undefined || !version.isPreview)
  const make = (given: readonly Sacrifice[]) => crdOf(source, { variant, versions, given, conversion })
  const candidates = sacrifices
    .filter(({ version }) => version === undefined || versions.some(({ name }) => name === version))
    .sort((a, b) => a.weight - b.weight)
  let given: readonly Sacrifice[] = []
  for (const next of candidates) {
    if (annotationBytes(make(given)) <= aim) break
    given = [...given, next]
  }
  for (const one of given.toReversed()) {
    const rest = given.filter((other) => other !== one)
    if (annotationBytes(make(rest)) <= Math.max(aim, annotationBytes(make(given)))) given = rest
  }
  const crd = make(given)
  const bytes = annotationBytes(crd)
  if (bytes > bytesMax) throw new Error(tooLarge(crd, variant, bytes, bytesMax))
  return { crd, variant, annotationBytes: bytes, givenUp: given.map(nameOf) }
}

function nameOf(sacrifice: Sacrifice): string {
  const what = 'path' in sacrifice ? sacrifice.path : 'rules'
  return sacrifice.version === undefined ? what : `${sacrifice.version} ${what}`
}

function tooLarge(crd: CustomResourceDefinition, variant: CrdVariant, bytes: number, limit: number): string {
  const largest = crdSize(crd).largest.slice(0, 8)
  const lines = largest.map(({ path, bytes }) => `  ${String(bytes).padStart(8)}  ${path}`)
  return [
    `the ${variant} CRD ${crd.metadata.name} is ${bytes} bytes as kubectl's annotation, ${limit} are allowed; its largest subtrees:`,
    ...lines,
    'add the least missed one to sacrifices in packages/api/src/crd/crd-rules.ts, or take words out of descriptions',
  ].join('\n')
}

interface CrdContent {
  readonly variant: CrdVariant
  readonly versions: readonly VersionSource[]
  readonly given: readonly Sacrifice[]
  readonly conversion: ConversionClient | undefined
}

function crdOf(source: KindSource, content: CrdContent): CustomResourceDefinition {
  const { kind, plural, singular, shortNames, categories } = source
  const { versions, conversion } = content
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
      versions: versions.map((version) => crdVersion(source, version, content)),
      ...(conversion ? { conversion: webhookConversion(conversion) } : {}),
    },
  }
}

/** spec.conversion where `client` converts. */
export function webhookConversion(client: ConversionClient): CrdConversion {
  return { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: client } }
}

function crdVersion(source: KindSource, version: VersionSource, { variant, given }: CrdContent): CrdVersion {
  const { descriptions, podFields, podFieldsOfPreview, formats } = variantRules[variant]
  const mine = given.filter((one) => one.version === undefined || one.version === version.name)
  const openAPIV3Schema = compileSchema(objectSchema(source, version), {
    descriptions,
    podFields: version.isPreview ? podFieldsOfPreview : podFields,
    formats,
    rules: !mine.some((one) => 'rules' in one),
    opened: mine.flatMap((one) => ('path' in one ? [one.path] : [])),
  })
  return {
    name: version.name,
    served: version.served,
    storage: version.storage,
    schema: { openAPIV3Schema },
    ...(version.statusSubresource ? { subresources: { status: {} } } : {}),
    ...(version.printerColumns.length > 0 ? { additionalPrinterColumns: version.printerColumns } : {}),
  }
}
