import { notAcceptable } from './api-error.ts'

/** The form an object answer takes. */
export type Representation = 'object' | 'table' | 'metadata'

export interface MediaChoice {
  readonly representation: Representation
  /** `v1` or `v1beta1` of meta.k8s.io, for table and metadata. */
  readonly metaVersion: string
}

interface MediaRange {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

const served = ['application/json', 'application/yaml', 'application/json;stream=watch'] as const
const plain: MediaChoice = { representation: 'object', metaVersion: 'v1' }
const metaKinds: ReadonlyMap<string, Representation> = new Map([
  ['Table', 'table'],
  ['PartialObjectMetadata', 'metadata'],
  ['PartialObjectMetadataList', 'metadata'],
])

export function parseAccept(header: string | undefined): readonly MediaRange[] {
  if (!header) return []
  const ranges = header.split(',').map((item): MediaRange => {
    const [type = '', ...rest] = item.split(';').map((part) => part.trim())
    const parameters = new Map(rest.map((part) => splitOnce(part, '=')))
    return { type: type.toLowerCase(), parameters, quality: Number(parameters.get('q') ?? 1) }
  })
  return ranges.sort((a, b) => b.quality - a.quality)
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** The first acceptable form, by the client's order. Protobuf is not spoken: a list that offers only it gets 406. */
export function negotiate(accept: string | undefined): MediaChoice {
  const ranges = parseAccept(accept)
  if (ranges.length === 0) return plain
  for (const { type, parameters } of ranges) {
    const isYaml = type === 'application/yaml'
    if (!isYaml && type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue
    const as = parameters.get('as')
    if (as === undefined) return plain
    const representation = metaKinds.get(as)
    const metaVersion = parameters.get('v') ?? 'v1'
    if (!representation || parameters.get('g') !== 'meta.k8s.io') continue
    if (metaVersion === 'v1' || metaVersion === 'v1beta1') return { representation, metaVersion }
  }
  throw notAcceptable(served)
}
