import { type Document, isScalar, LineCounter, parseDocument, type Tags, visit } from 'yaml'

interface RepeatedKey {
  readonly key: unknown
  readonly line: number
}

/** One document of YAML 1.1 as sigs.k8s.io/yaml reads it, and the keys that stand twice in a mapping: the last counts. Throws what is wrong first. */
export function readYaml(text: string): { readonly value: unknown; readonly repeated: readonly RepeatedKey[] } {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, {
    version: '1.1',
    merge: true,
    customTags,
    lineCounter,
    // The parser compares every key with every other, in a time that the sender of many could choose.
    uniqueKeys: false,
  })
  const [error] = document.errors
  if (error) throw error
  return { value: document.toJS({ maxAliasCount: 100 }), repeated: repeatedKeys(document, lineCounter) }
}

/** `yes` is true and 0777 is octal, but times and dates stay text. */
function customTags(tags: Tags): Tags {
  return tags.filter((tag) => {
    if (typeof tag === 'string') return true
    return tag.tag !== 'tag:yaml.org,2002:timestamp' && !('format' in tag && tag.format === 'TIME')
  })
}

const mergeKey = '<<'

function repeatedKeys(document: Document, lineCounter: LineCounter): readonly RepeatedKey[] {
  const repeated: RepeatedKey[] = []
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        const isRepeated = seen.has(key.value) && key.value !== mergeKey
        if (isRepeated) repeated.push({ key: key.value, line: lineCounter.linePos(key.range?.[0] ?? 0).line })
        seen.add(key.value)
      }
    },
  })
  return repeated.toSorted((left, right) => left.line - right.line)
}
