/** What a JSON text says, or where it is broken. */
export type ParsedJson =
  | {
      readonly ok: true
      readonly value: unknown
      /** Paths of keys that occur twice (the last one counts), in order of appearance: `spec.replicas`. */
      readonly duplicates: readonly string[]
    }
  | { readonly ok: false; readonly message: string }

/** Objects users write are below 60 deep, large CRD schemas below 150; this bounds everybody's recursion. */
export const jsonDepthMax = 512

/** Strict field validation of the real server stops counting here too. */
const duplicatesMax = 100

/** One open object or array while scanning. `key` is the last key seen; `index` counts an array's items. */
interface Level {
  readonly keys: Set<string> | undefined
  key: string
  index: number
}

/**
 * Parses JSON and reports duplicate keys with their path. Never throws. The key `__proto__` is refused: it means
 * something else to JavaScript, and no Kubernetes object has it.
 */
export function parseJsonStrict(text: string): ParsedJson {
  const scan = scanKeys(text)
  if (scan.error !== undefined) return { ok: false, message: scan.error }
  try {
    return { ok: true, value: JSON.parse(text), duplicates: scan.duplicates }
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * One pass over the tokens that matter: brackets, commas and keys. It needs no valid JSON: whatever is broken,
 * JSON.parse refuses afterwards with the better sentence.
 */
function scanKeys(text: string): { duplicates: string[]; error?: string } {
  const stack: Level[] = []
  const duplicates: string[] = []
  let top: Level | undefined
  let expectsKey = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      const end = endOfString(text, at)
      if (expectsKey && top?.keys) {
        const key = keyText(text.slice(at, end + 1))
        if (key === '__proto__') return { duplicates, error: 'the key "__proto__" is not allowed' }
        top.key = key
        if (top.keys.has(key) && duplicates.length < duplicatesMax) duplicates.push(pathOf(stack))
        top.keys.add(key)
        expectsKey = false
      }
      at = end
    } else if (code === openBrace || code === openBracket) {
      if (stack.length >= jsonDepthMax) return { duplicates, error: `nested deeper than ${jsonDepthMax} levels` }
      top = { keys: code === openBrace ? new Set() : undefined, key: '', index: 0 }
      stack.push(top)
      expectsKey = code === openBrace
    } else if (code === closeBrace || code === closeBracket) {
      stack.pop()
      top = stack.at(-1)
      expectsKey = false
    } else if (code === comma && top) {
      top.index++
      expectsKey = top.keys !== undefined
    }
  }
  return { duplicates }
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/** Index of the closing quote, or the text's end. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === backslash) at++
    else if (code === quote) return at
  }
  return text.length
}

function keyText(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1)
  try {
    return String(JSON.parse(literal))
  } catch {
    return literal // broken escape: JSON.parse of the whole text says so
  }
}

function pathOf(stack: readonly Level[]): string {
  let path = ''
  for (const level of stack) {
    if (level.keys) path += path === '' ? level.key : `.${level.key}`
    else path += `[${level.index}]`
  }
  return path
}
