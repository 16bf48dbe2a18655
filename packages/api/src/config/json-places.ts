/** Line and column, both from 1. */
export interface TextPlace {
  readonly line: number
  readonly column: number
}

/** Where things stand in a text that is meant to be JSON. */
export interface JsonPlaces {
  /** The first place where it is no JSON, and what is wrong there; undefined: it is JSON. */
  readonly mistake: (TextPlace & { readonly message: string }) | undefined
  /** Of the name of a field, or of an item of a list; what is not there has the place of its nearest parent. Names in any case. */
  placeOf(path: readonly (string | number)[]): TextPlace
}

const depthMax = 100

class Mistake extends Error {
  readonly at: number
  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

/** Reads the text once, for places alone: `JSON.parse` says what is in it, but not always where. */
export function jsonPlaces(text: string): JsonPlaces {
  const offsets = new Map<string, number>()
  let at = 0
  const skipSpace = () => {
    while (' \t\r\n'.includes(text.charAt(at)) && at < text.length) at++
  }
  const fail = (message: string, where = at): never => {
    throw new Mistake(where, message)
  }
  const readText = (): string => {
    const match = /"(?:[^"\\\n]|\\.)*"/y
    match.lastIndex = at
    const found = match.exec(text)?.[0]
    if (found === undefined) return fail('a text in double quotes that does not end in its line')
    try {
      const value = String(JSON.parse(found))
      at += found.length
      return value
    } catch {
      return fail('a text that holds what must be escaped, or a wrong escape')
    }
  }
  const readItems = (end: string, readItem: (index: number) => void) => {
    at++
    for (let index = 0; ; index++) {
      skipSpace()
      if (text.charAt(at) === end) {
        if (index > 0) fail(`a comma before "${end}"`, text.lastIndexOf(',', at))
        at++
        return
      }
      readItem(index)
      const ended = at
      skipSpace()
      const next = text.charAt(at)
      if (next === end) {
        at++
        return
      }
      if (next !== ',') fail(`"," or "${end}" is expected`, ended)
      at++
    }
  }
  const readValue = (path: string, depth: number): void => {
    if (depth > depthMax) fail(`more than ${depthMax} levels`)
    skipSpace()
    const first = text.charAt(at)
    if (first === '{') {
      readItems('}', () => {
        const start = at
        if (text.charAt(at) !== '"') fail('a name in double quotes is expected')
        const place = pathText(path, readText())
        if (!offsets.has(place)) offsets.set(place, start)
        skipSpace()
        if (text.charAt(at) !== ':') fail('":" is expected')
        at++
        readValue(place, depth + 1)
      })
    } else if (first === '[') {
      readItems(']', (index) => {
        const place = pathText(path, index)
        offsets.set(place, at)
        readValue(place, depth + 1)
      })
    } else if (first === '"') readText()
    else readWord()
  }
  const readWord = () => {
    const match = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.])/y
    match.lastIndex = at
    const found = match.exec(text)?.[0]
    if (found === undefined) fail(at < text.length ? 'a value is expected' : 'the text ends too early')
    at += found?.length ?? 0
  }
  const mistake = mistakeIn(() => {
    readValue('', 0)
    skipSpace()
    if (at < text.length) fail('the value has ended, and more follows')
  })
  return {
    mistake: mistake && { ...placeAt(text, mistake.at), message: mistake.message },
    placeOf: (path) => {
      const start = text.length - text.trimStart().length
      for (let length = path.length; length > 0; length--) {
        const offset = offsets.get(path.slice(0, length).reduce<string>(pathText, ''))
        if (offset !== undefined) return placeAt(text, offset)
      }
      return placeAt(text, start)
    },
  }
}

function mistakeIn(read: () => void): Mistake | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof Mistake) return error
    throw error
  }
}

function pathText(path: string, step: string | number): string {
  return `${path}/${JSON.stringify(String(step).toLowerCase())}`
}

function placeAt(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}
