import { Composer, type Document, isScalar, type LineCounter, Parser, type Tags, visit } from 'yaml'

/**
 * The documents of a file, read as kubectl reads them (sigs.k8s.io/yaml): YAML 1.1, where `yes` is true and 0777 is octal,
 * but times and dates stay text. What is wrong stands in each document's `errors`.
 */
export function readYaml(text: string, lineCounter: LineCounter): Iterable<Document> {
  // One after another: of a file with many documents, not all are held at once.
  const parser = new Parser(lineCounter.addNewLine)
  const composer = new Composer({
    version: '1.1',
    customTags: withoutOwnTypes,
    // The composer compares every key with every other: `repeatedKeys` does it in one go.
    uniqueKeys: false,
    strict: true,
  })
  return composer.compose(parser.parse(text))
}

const ownTypes = new Set(['timestamp', 'binary', 'omap', 'pairs', 'set'].map((name) => `tag:yaml.org,2002:${name}`))

/**
 * Without what is no JSON value. `12:30` is a number of YAML 1.1 that kubectl does not know, and no number is without a digit,
 * as the parser has it of `.`.
 */
function withoutOwnTypes(tags: Tags): Tags {
  return tags.flatMap((tag): Tags => {
    if (typeof tag === 'string') return [tag]
    if (ownTypes.has(tag.tag) || ('format' in tag && tag.format === 'TIME')) return []
    return 'test' in tag && tag.test?.test('.') ? [{ ...tag, test: new RegExp(`(?=.*\\d)${tag.test.source}`) }] : [tag]
  })
}

const mergeKey = '<<'

/** Keys that stand twice in one mapping. */
export function repeatedKeys(document: Document): readonly { readonly offset: number; readonly message: string }[] {
  const found: { readonly offset: number; readonly message: string }[] = []
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<string>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        const name = String(key.value)
        if (seen.has(name) && name !== mergeKey)
          found.push({
            offset: key.range?.[0] ?? 0,
            message: `the key ${JSON.stringify(name)} stands here twice: remove one`,
          })
        seen.add(name)
      }
    },
  })
  return found
}

type Path = readonly (string | number)[]

/** Where a value comes round to something that it stands in, as aliases can make it; undefined where there is no end to fear. */
export function placeInItself(value: unknown): Path | undefined {
  const open = new Set<object>()
  const done = new Set<object>()
  const walk = (at: unknown, path: Path): Path | undefined => {
    if (typeof at !== 'object' || at === null || done.has(at)) return undefined
    if (open.has(at)) return path
    open.add(at)
    const isList = Array.isArray(at)
    for (const [key, inner] of Object.entries(at)) {
      const circle = walk(inner, [...path, isList ? Number(key) : key])
      if (circle) return circle
    }
    open.delete(at)
    done.add(at)
    return undefined
  }
  return walk(value, [])
}
