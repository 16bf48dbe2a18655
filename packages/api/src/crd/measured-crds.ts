import { group } from '../kinds/kind-source.ts'
import { kinds } from '../kinds/kinds.ts'
import type { ConversionClient } from './crd.ts'
import { type CrdVariant, variantRules } from './crd-rules.ts'
import { type CrdSize, crdSize } from './crd-size.ts'
import { compileCrd, hasPreview } from './crds.ts'

/** One of our CRDs in one of the forms in which it is installed. */
export interface MeasuredCrd {
  readonly name: string
  /** `full`, `minimal`, and each with ` + preview` where it has the versions in preview too. */
  readonly form: string
  readonly size: CrdSize
  /** Most bytes that the annotation may have. */
  readonly budget: number
  /** What was given up because of size. */
  readonly givenUp: readonly string[]
}

const warningPercent = 80

const variants: readonly CrdVariant[] = ['full', 'minimal']
/** As an installation has it. The name of its namespace is a few bytes more or less. */
const converter: ConversionClient = {
  service: { namespace: 'kserve', name: 'millrace-webhook', path: '/convert', port: 443 },
}

/** Every form of every CRD, in the order of the kinds. Throws where one is over its budget, naming what is large. */
export function measureCrds(): readonly MeasuredCrd[] {
  return kinds.flatMap((source) =>
    variants.flatMap((variant) =>
      (hasPreview(source) ? [false, true] : [false]).map((isPreview): MeasuredCrd => {
        const options = isPreview ? { preview: { conversion: converter } } : {}
        const { crd, givenUp } = compileCrd(source, variant, options)
        return {
          name: `${source.plural}.${group}`,
          form: isPreview ? `${variant} + preview` : variant,
          size: crdSize(crd),
          budget: variantRules[variant].bytesMax,
          givenUp,
        }
      }),
    ),
  )
}

/** What is remembered of a CRD: its annotation bytes, and those of its largest subtrees. */
export interface RecordedSize {
  readonly bytes: number
  readonly subtrees: Readonly<Record<string, number>>
}

/** By form and CRD. */
export type CrdSizes = Readonly<Record<string, Readonly<Record<string, RecordedSize>>>>

/** What `deploy/crd-sizes.json` holds: the sizes of this version, and those of the release before it. */
export interface CrdSizeRecord {
  readonly version: string
  readonly sizes: CrdSizes
  readonly lastRelease?: { readonly version: string; readonly sizes: CrdSizes }
}

export function sizesOf(measured: readonly MeasuredCrd[]): CrdSizes {
  const forms = [...new Set(measured.map(({ form }) => form))]
  const recordsOf = (form: string) =>
    measured.filter((one) => one.form === form).map(({ name, size }) => [name, recordedSize(size)] as const)
  return Object.fromEntries(forms.map((form) => [form, Object.fromEntries(recordsOf(form))]))
}

function recordedSize({ annotationBytes, largest }: CrdSize): RecordedSize {
  return { bytes: annotationBytes, subtrees: Object.fromEntries(largest.map(({ path, bytes }) => [path, bytes])) }
}

/** Whether a CRD has come so near its budget that somebody should decide what to leave out. */
export function isNearBudget(bytes: number, budget: number): boolean {
  return bytes * 100 >= budget * warningPercent
}

/** The next record. With a new version, what stands there is that of the last release. */
export function nextRecord(before: CrdSizeRecord | undefined, version: string, sizes: CrdSizes): CrdSizeRecord {
  const lastRelease =
    before === undefined || before.version === version
      ? before?.lastRelease
      : { version: before.version, sizes: before.sizes }
  return { version, sizes, ...(lastRelease ? { lastRelease } : {}) }
}
